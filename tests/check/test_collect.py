"""A lab's checks as the grader collects them, and as pytest does for an editor."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from labkit.check import plugin
from labkit.check.collect import FaultyCheck, collect
from labkit.grade import check_submission
from labkit.grade.one import record_of
from labkit.lesson.submission import read_submission
from labkit.record import without_times

CHECK = '@question("1.1")\n@points(3)\ndef test_a(student, rng):\n    """A title."""\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "test_lab.py"
    path.write_text("from labkit.check import points, question\n" + text)
    return path


ANSWERS = {
    "right": "def double(x):\n    return 2 * x\ndef mean_of_doubles(x):\n    return float(2 * x.mean())\n",
    "wrong": "def double(x):\n    return x ** 2\n",
    "nothing": "import tensorflow as tf\ndef double(x):\n    x[:] = 0\n    return tf.constant(x)\n",
    "unreadable": "def double(x:\n",
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_both_doors_give_equal_records(toy_course, tmp_path, monkeypatch, answer):
    lab, folder, runs = toy_course.lab("lab01"), tmp_path / "lab01_toy", []
    shutil.copytree(lab.handout, folder)
    (folder / "lab.py").write_text(answer)

    class Kept(plugin.Run):
        def __post_init__(self):
            super().__post_init__()
            runs.append(self)

    monkeypatch.setattr(plugin, "Run", Kept)
    silent = ["-q", "--no-header", "-p", "no:cacheprovider", "--rootdir", str(folder), "-c", "/dev/null"]
    status = pytest.main([str(folder / "test_lab.py"), "--import-mode=importlib", *silent])
    [run] = runs
    submission = read_submission(folder / "lab.py")
    record = check_submission(submission, lab).record
    assert status == (record.score < record.max_score)
    other = record_of(run, submission, lab, None)
    assert without_times(other.as_dict()) == without_times(record.as_dict())


def test_a_file_leaves_nothing_behind(tmp_path):
    path = written(tmp_path, CHECK + "    student.f()\n")
    before = set(sys.modules)
    [check] = collect(path)
    assert (check.info.title, check.fixtures) == ("A title.", ("student", "rng"))
    assert set(sys.modules) == before and [entry.name for entry in tmp_path.iterdir()] == ["test_lab.py"]


def test_what_a_file_keeps_does_not_reach_the_next_submission(tmp_path):
    path = written(tmp_path, "seen = []\n" + CHECK + "    seen.append(1)\n    assert len(seen) == 1\n")
    for _ in range(2):
        [check] = collect(path)
        check.body(None, None)


def test_a_file_may_define_dataclasses(tmp_path):
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    path = tmp_path / "test_lab.py"
    path.write_text(text + "@dataclass\nclass Case:\n    n: int\n")
    assert collect(path) == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f"x = 1\n{CHECK}    pass\nraise RuntimeError('no')\n", "test_lab.py:8: RuntimeError: no"),
        ("import nowhere_to_be_found\n", "test_lab.py:2: ModuleNotFoundError"),
        (CHECK.replace("rng", "tmp_path") + "    pass\n", "test_a asks for tmp_path"),
    ],
)
def test_a_file_that_is_at_fault_is_named_with_its_line(tmp_path, text, sentence):
    with pytest.raises(FaultyCheck, match=sentence):
        collect(written(tmp_path, text))


def test_grading_does_without_pytest(toy_course, tmp_path):
    (tmp_path / "a.py").write_text(ANSWERS["right"])
    code = (
        "import sys; from pathlib import Path; from labkit.course import read_course\n"
        "from labkit.grade import grade_submission; from labkit.lesson.submission import read_submission\n"
        f"lab = read_course(Path({str(toy_course.root)!r})).lab('1')\n"
        f"graded = grade_submission(read_submission(Path({str(tmp_path / 'a.py')!r})), lab, b'salt')\n"
        "sys.exit('pytest' in sys.modules or graded.record.score != 100)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
