"""``python -m trustcurve``: the command line."""

from trustcurve.cli import main

main()
