"""The full request class: :class:`BaseRequest` with all mixins. Flask's Request is a subclass."""

from .accept import AcceptMixin
from .auth import AuthorizationMixin
from .base_request import BaseRequest
from .common_descriptors import CommonRequestDescriptorsMixin
from .cors import CORSRequestMixin
from .etag import ETagRequestMixin
from .user_agent import UserAgentMixin


class Request(
    # The base first; what follows has no method of its name.
    BaseRequest,
    AcceptMixin, ETagRequestMixin, UserAgentMixin, AuthorizationMixin, CORSRequestMixin,
    CommonRequestDescriptorsMixin,
):  # fmt: skip
    """A request with everything: accept headers, conditions, authorization, common headers."""


class StreamOnlyMixin:
    """For requests whose body is only ever read by hand."""

    disable_data_descriptor = True
    want_form_data_parsed = False


class PlainRequest(StreamOnlyMixin, Request):
    """A request that leaves its body alone."""
