"""Werkzeug 1.0, the bundled edition: the server, routing, requests and responses below Flask.

Place in the pipeline: ``flask.Flask.run`` calls :func:`run_simple`; all else is used by module.
"""

from .serving import run_simple
from .test import Client
from .wrappers import Request, Response

__version__ = "1.0.1"

__all__ = ["Client", "Request", "Response", "run_simple"]
