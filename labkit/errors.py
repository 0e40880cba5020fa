"""The one base of all sentences that a person reads in place of a traceback."""


class LabkitError(Exception):
    """Something that the person at the keyboard can mend: its text says what is wrong, where, and what to do.

    `labkit.cli` catches it in one place; `status` is the exit status of the command.
    """

    status = 2


class NotDone(LabkitError):
    """The command was understood, and what it was asked for is not so, or could not be done."""

    status = 1


class Stopped(LabkitError):
    """Somebody stopped the command; the text says what is kept."""

    status = 130
