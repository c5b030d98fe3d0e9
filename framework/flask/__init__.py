"""Flask 1.1, the bundled edition: see README.md of the framework for the order to read it in.

Place in the pipeline: none; it gathers the names that applications import.
"""

from markupsafe import Markup, escape

import flasktrace.framework.flask.json as json
from flasktrace.framework.werkzeug.exceptions import abort
from flasktrace.framework.werkzeug.utils import redirect

from .app import Flask, Request, Response
from .blueprints import Blueprint
from .config import Config
from .ctx import after_this_request, copy_current_request_context, has_app_context, has_request_context
from .globals import _app_ctx_stack, _request_ctx_stack, current_app, g, request, session
from .helpers import (
    flash,
    get_flashed_messages,
    get_template_attribute,
    make_response,
    safe_join,
    send_file,
    send_from_directory,
    stream_with_context,
    url_for,
)
from .json import jsonify
from .signals import (
    appcontext_popped,
    appcontext_pushed,
    appcontext_tearing_down,
    before_render_template,
    got_request_exception,
    message_flashed,
    request_finished,
    request_started,
    request_tearing_down,
    signals_available,
    template_rendered,
)
from .templating import render_template, render_template_string

__version__ = "1.1.4"

#: Kept for programs that ask; JSON is always there.
json_available = True

__all__ = [
    "Blueprint", "Config", "Flask", "Markup", "Request", "Response", "_app_ctx_stack", "_request_ctx_stack",
    "abort", "after_this_request", "appcontext_popped", "appcontext_pushed", "appcontext_tearing_down",
    "before_render_template", "copy_current_request_context", "current_app", "escape", "flash", "g",
    "get_flashed_messages", "get_template_attribute", "got_request_exception", "has_app_context",
    "has_request_context", "json", "json_available", "jsonify", "make_response", "message_flashed",
    "redirect", "render_template", "render_template_string", "request", "request_finished", "request_started",
    "request_tearing_down", "safe_join", "send_file", "send_from_directory", "session", "signals_available",
    "stream_with_context", "template_rendered", "url_for",
]  # fmt: skip
