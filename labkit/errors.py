"""The one base of all sentences that a person reads in place of a traceback."""


class LabkitError(Exception):
    """Something that the person at the keyboard can mend: its text says what is wrong, where, and what to do.

    `labkit.cli` catches it, and nothing else, in one place.
    """
