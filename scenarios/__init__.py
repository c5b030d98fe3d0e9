"""Runnable lesson scripts, and the data that explains what they run."""
