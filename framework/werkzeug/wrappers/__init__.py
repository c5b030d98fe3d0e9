"""Requests and responses: an environ as an object, and an object as a WSGI application.

Place in the pipeline: Flask's own Request and Response are subclasses of these; ``BaseRequest.__init__``
runs in ``Flask.request_context``, ``BaseResponse.__call__`` at the end of ``Flask.wsgi_app``. Each mixin adds
what one group of headers means.
"""

from .accept import AcceptMixin
from .auth import AuthorizationMixin, WWWAuthenticateMixin
from .base_request import BaseRequest
from .base_response import BaseResponse
from .common_descriptors import CommonRequestDescriptorsMixin, CommonResponseDescriptorsMixin
from .etag import ETagRequestMixin, ETagResponseMixin
from .request import PlainRequest, Request, StreamOnlyMixin
from .response import Response, ResponseStream, ResponseStreamMixin
from .user_agent import UserAgentMixin

__all__ = [
    "AcceptMixin",
    "AuthorizationMixin",
    "BaseRequest",
    "BaseResponse",
    "CommonRequestDescriptorsMixin",
    "CommonResponseDescriptorsMixin",
    "ETagRequestMixin",
    "ETagResponseMixin",
    "PlainRequest",
    "Request",
    "Response",
    "ResponseStream",
    "ResponseStreamMixin",
    "StreamOnlyMixin",
    "UserAgentMixin",
    "WWWAuthenticateMixin",
]
