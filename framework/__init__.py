"""The bundled framework: Flask 1.1 on Werkzeug 1.0, rewritten to be read and traced.

:func:`activate` makes ``import flask`` and ``import werkzeug`` give these modules in this process. A
module is loaded once and known under both names, ``flask.app`` and ``flasktrace.framework.flask.app``.
It always calls itself by the upstream name (its ``__name__``), so that classes, loggers and traces
read as they do in any walkthrough.
"""

from flasktrace.framework._importing import activate, deactivate, is_active

__all__ = ["activate", "deactivate", "is_active"]
