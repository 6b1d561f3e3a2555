"""The few calls of SciPy that are used."""
