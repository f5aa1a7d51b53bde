"""Our kernels against published references (``twin validate``): suites that need more than one wing."""
