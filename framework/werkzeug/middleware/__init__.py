"""Middleware: WSGI applications around a WSGI application.

Each takes the application and is called in its place, so it sees every request before and every response
after the application does. ``run_simple`` puts some of them around it; others a user puts there:
``app.wsgi_app = ...``.
"""
