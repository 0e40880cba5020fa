"""Every attack in `submissions/`: its score, its sentence, and the correct submission graded right after.

The first line of each file says `# row | what it tries | score that must come out | text that must be said`;
rows are those of the catalogue in README.md. Alternatives in the text are separated by `|`.
"""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import pytest

from labkit.record import without_times
from tests.attacks.conftest import HERE, assert_still_correct

SUBMISSIONS = sorted((HERE / "submissions").iterdir())
FORGED = '{"schema": "labkit/result/v1", "score": 100, "max_score": 100}'


def header(path: Path) -> tuple[str, str, float, list[str]]:
    """Row, title, score and the texts of which one must be said."""
    text = path.read_text("utf-8", "surrogatepass")
    line = json.loads(text)["cells"][0]["source"] if path.suffix == ".ipynb" else text.split("\n")[0]
    row, title, score, *said = (part.strip() for part in line.removeprefix("#").split("|"))
    return row, title, float(score), [part for part in said if part]


@pytest.mark.parametrize("path", SUBMISSIONS, ids=lambda path: path.name)
def test_an_attack_earns_nothing_and_harms_nobody(path, arena, correct_records):
    keras = path.name.endswith(".keras.py")
    name = path.name.split(".")[0]
    shutil.copy(path, arena.handed_in / f"{name}{path.suffix}")
    (arena.out / name).mkdir(parents=True)
    (arena.out / name / "result.json").write_text(FORGED)  # left by nobody knows whom
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.01)
        outcome = arena(keras, listener.getsockname()[1])
        with pytest.raises(TimeoutError):
            listener.accept()
    _, _, score, said = header(path)
    record = outcome.records[name]
    assert record["score"] == score, outcome.said(name)
    assert not said or any(part in outcome.said(name) for part in said), outcome.said(name)
    assert record["submission"] == name
    assert outcome.failures == []
    everything = outcome.said(name) + outcome.output[name]
    assert "LEAK" not in everything and "SECRET" not in everything, everything
    assert "HIDDEN" not in outcome.said(name)
    assert all(ord(c) >= 32 or c in "\n\t" for c in everything)
    assert not set("\u202e\u2066\u200b\x9b\x7f") & set(everything)
    assert len(everything) < 200_000
    assert_still_correct(outcome, correct_records, keras)


@pytest.mark.parametrize(
    "name", ["45_loop", "45_sleep", "43_thread_bomb", "46_output_flood", "44_memory", "49_segfault"]
)
def test_a_runaway_costs_its_own_check_its_deadline_and_two_seconds(name, arena):
    shutil.copy(HERE / "submissions" / f"{name}.py", arena.handed_in / f"{name}.py")
    outcome = arena()
    # two seconds of processor time; the rest is for a machine that does other things too
    assert all(check["seconds"] < 2 + 2 + 6 for check in outcome.records[name]["checks"])


def test_grading_an_attack_again_gives_the_same_bytes(arena):
    for name in ("04_nan", "12_forge_on_every_descriptor", "33_seeds", "49_segfault"):
        shutil.copy(HERE / "submissions" / f"{name}.py", arena.handed_in)
    first, second = arena().records, arena().records
    assert json.dumps([*map(without_times, first.values())]) == json.dumps(
        [*map(without_times, second.values())]
    )
