"""Flask 1.1, the bundled edition."""
