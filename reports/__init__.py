"""Views of a trace: each takes the model and gives a value, or writes to a stream it is handed."""
