"""``python -m trustcurve``: the command line."""

from trustcurve.cli import main

if __name__ == "__main__":
    main()
