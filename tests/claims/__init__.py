"""The claims of the sources of the trust curve, one test each, named after it."""
