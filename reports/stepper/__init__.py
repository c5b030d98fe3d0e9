"""Step-through: walk the calls of a trace, forward and back, in a terminal or line by line."""
