"""The commands. Thin: each parses its arguments, calls the library and prints; heavy imports wait inside.

One module for each of the people who use labkit; `--help` lists the commands in the order of these imports.
"""

# ruff: noqa: I001, F401
from __future__ import annotations

import os
import sys
from typing import NoReturn

from labkit.cli import student
from labkit.cli import grading
from labkit.cli import exporting
from labkit.cli import reporting
from labkit.cli import author
from labkit.cli.common import app


def main() -> None:
    """The entry point: what a person can mend is one sentence, and nobody sees a traceback of ours."""
    from labkit import lazy
    from labkit.errors import LabkitError

    lazy.install()
    _write_whatever_the_encoding()
    try:
        app()
    except LabkitError as error:
        _end(str(error), error.status)
    except KeyboardInterrupt:
        _end("stopped; what was finished is kept.", 130)
    except Exception as error:
        if os.environ.get("LABKIT_TRACEBACK"):
            raise
        _end(_unexpected(error), 1)


def _write_whatever_the_encoding() -> None:
    """Under cron, or redirected, output may be ASCII: what it cannot write comes in other signs."""
    import io

    import labkit.text  # its handler of what cannot be encoded

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="labkit")


def _unexpected(error: Exception) -> str:
    """What is said of an error that nobody foresaw."""
    from labkit.text import one_line

    more = "LABKIT_TRACEBACK=1 before the command shows where it happened."
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror.lower()}. ({more})"
    what = one_line(f"{type(error).__name__}: {error}", 1000).rstrip(":. ")
    return f"this went wrong in labkit itself, please report it: {what}. {more}"


def _end(sentence: str, status: int) -> NoReturn:
    from labkit.text import inert

    print(f"labkit: {inert(sentence, 4000)}", file=sys.stderr)
    sys.exit(status)
