"""Chain check: is a call chain that someone wrote down what really happens?"""

from flasktrace.reports.chain.check import Arrow, Relation, Verdict, check_chain, find_calls
from flasktrace.reports.chain.notation import Name, parse_chain, parse_names

__all__ = ["Arrow", "Name", "Relation", "Verdict", "check_chain", "find_calls", "parse_chain", "parse_names"]
