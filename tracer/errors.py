"""The exceptions of flasktrace: one base class, messages that say what, why and what to do."""


class FlasktraceError(Exception):
    """Anything that goes wrong in a way a user can act on; the command line prints it as one line."""


class TraceError(FlasktraceError):
    """A trace that cannot be read, or breaks an invariant of the model."""


class DamagedTraceError(TraceError):
    """A trace file is damaged; the message names it, and says why and what to do."""


class ScenarioError(FlasktraceError):
    """A scenario that cannot be found, loaded, served or reached."""


class UsageError(FlasktraceError):
    """Options or arguments that make no sense."""
