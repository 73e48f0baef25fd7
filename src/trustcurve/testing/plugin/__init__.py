"""The pytest plugin's body, loaded by the tiny ``_trustcurve_pytest`` once a test run uses the kit."""
