"""Where a name stands that was not there when it was needed, as a sentence: what a student can then mend.

What a worker says of it is a claim: words of its own are shown in one line, and never for a hidden check.
"""

from __future__ import annotations

from typing import Any

from labkit.text import one_line

_SENTENCES = {
    "taken": "{name} is no function since {place}, where it became {of}; give that another name",
    "inside": "{name} stands inside {of}, as it is indented there ({place}); move it to the left margin",
    "under": "{name} is defined under `{of}` ({place}), which does not hold here; move it out of there",
    "explore": "{name} is defined in {place}, in a cell tagged explore, which is not run here; take the tag away",
    "below": "the `raise` in {place} stands before the answer, which is never reached; delete the `raise`",
    "comment": "{name} stands in {place} as a comment or in prose, which is not run; make it code",
    "undefined": "{name} is not defined here; run the cell in which it stands",
    "again": "the answer in {place} is replaced by {of}, which defines {name} once more; delete the one without answer",
}


def located(name: str, where: dict[str, Any]) -> str:
    """The sentence for what `labkit.worker.whereabouts` found of a name."""
    place = f"{one_line(where['place'], 80)}, line {where['line']}"
    of = one_line(where["of"], 80)
    if where["how"] == "taken":
        of = {"ndarray": "an array", "NoneType": "None"}.get(of, f"{'an' if of[:1] in 'aeiou' else 'a'} {of}")
    return _SENTENCES[where["how"]].format(name=one_line(name, 60), place=place, of=of)
