"""Draws docs/check.svg, the README's picture: `labkit check` on an answer with a known mistake.

Run it from the repository's root: `.venv/bin/python docs/picture.py`
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from labkit import lazy
from labkit.course import find_course
from labkit.grade import check_submission
from labkit.lesson.submission import read_submission
from labkit.show.record import record_table

ANSWER = """# labkit: lab01_softmax_regression
import numpy as np

def softmax(logits):
    exponentials = np.exp(logits - logits.max(axis=0))
    return exponentials / exponentials.sum(axis=0)
"""


def main() -> None:
    """Check the answer and write what a student sees as an SVG."""
    lazy.install()
    lab = find_course(Path(__file__).parent).lab("lab01")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "lab01_softmax_regression.py"
        path.write_text(ANSWER, encoding="utf-8")
        record = check_submission(read_submission(path), lab, "1.3").record
    console = Console(record=True, width=84, highlight=False, file=io.StringIO(), force_terminal=True)
    console.print(f"[bold]{lab.title}[/]\n")
    console.print(record_table(record, lab))
    command = "labkit check lab01_softmax_regression.py -k 1.3"
    # without the fonts that Rich would have a browser fetch: a picture must not call anybody
    picture = re.sub(r"@font-face \{.*?\}", "", console.export_svg(title=command), flags=re.S)
    Path(__file__).with_name("check.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
