"""Tests of what surrounds the code: the wheel, the imports, the papers."""
