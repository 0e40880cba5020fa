"""The files of a new lab: one that works, to be rewritten question by question."""
