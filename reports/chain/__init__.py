"""Chain check: is a call chain that someone wrote down what really happens?"""

from flasktrace.reports.chain.check import Arrow, Relation, Verdict, check_chain
from flasktrace.reports.chain.notation import Name, parse_chain

__all__ = ["Arrow", "Name", "Relation", "Verdict", "check_chain", "parse_chain"]
