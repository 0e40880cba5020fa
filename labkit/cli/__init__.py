"""The commands. Thin: each parses its arguments, calls the library and prints; heavy imports wait inside.

One module for each of the people who use labkit; `--help` lists the commands in the order of these imports.
"""

# ruff: noqa: I001, F401
from __future__ import annotations

import sys

from labkit.cli import student
from labkit.cli import grading
from labkit.cli import exporting
from labkit.cli import author
from labkit.cli.common import app


def main() -> None:
    """The entry point: errors that a user can mend are one sentence and exit status 2."""
    from labkit import lazy
    from labkit.errors import LabkitError
    from labkit.text import inert

    lazy.install()
    try:
        app()
    except LabkitError as error:
        print(f"labkit: {inert(error, 4000)}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("labkit: stopped; what was finished is kept.", file=sys.stderr)
        sys.exit(130)
