"""A trace for other programs: one writer a format, all listed in ``registry``."""
