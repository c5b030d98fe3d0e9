"""Record, keep and query the calls of a running program."""
