"""Tests of trustcurve; README.md says where a test goes."""
