"""Werkzeug 1.0, the bundled edition."""
