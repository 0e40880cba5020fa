"""The journal: what is finished stays finished, whatever happens, and is not graded again without need."""

from __future__ import annotations

import errno
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from labkit.adjustments import read_adjustments
from labkit.course import Course, CourseError, read_course
from labkit.files import CannotWrite
from labkit.grade import batch as batch_module
from labkit.grade import files, kept, task
from labkit.grade.batch import Grading
from labkit.grade.files import salt_for
from labkit.grade.journal import Journal, is_finished
from labkit.people import read_roster
from labkit.platforms import find_submissions
from labkit.record import without_times
from labkit.worker import Plan

RIGHT = "# labkit: lab01_toy\ndef double(x):\n    return 2 * x\ndef mean_of_doubles(x):\n    return float(2 * x.mean())\n"
CLASS = {
    "alice.py": RIGHT,
    "bob.py": RIGHT.replace("2 * x\n", "x ** 2\n") + "print('hello')\n",
    "carol.py": "# labkit: lab01_toy\n",
    "dora.py": b"\xff\xfe\x00",
}


def hand_in(folder: Path, submissions=CLASS) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in submissions.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def timeless(out: Path) -> dict[str, object]:
    """Every file of results by its name, times left out; of the journal the records that count."""
    found: dict[str, object] = {}
    for path in sorted(out.rglob("*")):
        if path.is_file():
            text = path.read_text()
            found[str(path.relative_to(out))] = (
                json.dumps(without_times(json.loads(text)), indent=1) if path.name == "result.json" else text
            )
    found.pop("journal.jsonl")
    with Journal(out) as journal:
        found["journal"] = {
            name: (entry.key, without_times(entry.graded.record.as_dict()), entry.graded.output)
            for name, entry in journal.entries.items()
        }
    return found


@pytest.fixture
def grading(toy_course, tmp_path, monkeypatch):
    """Grade a folder in this process, with a journal; returns the batch and the names that were really graded."""

    def grade(again=(), checks=(), course: Course = toy_course, out: Path | None = None):
        out, graded = out or tmp_path / "out", []
        carry_out = task.carry_out

        def counted(one):
            graded.append(one.submission.name)
            return carry_out(one)

        monkeypatch.setattr(batch_module, "carry_out", counted)
        with Journal(out) as journal:
            how = Grading(course, out, salt_for(out, "salt"), Plan(), journal=journal)
            batch = how.grade(find_submissions([tmp_path / "class"]), again, checks)
        assert batch.failures == []
        return batch, graded

    hand_in(tmp_path / "class")
    return grade


def test_the_same_command_again_grades_nothing_and_mends_what_is_missing(grading, tmp_path):
    first, graded = grading()
    assert graded == ["alice", "bob", "carol"]  # dora's file cannot be read
    assert [record.score for record in first.records] == [100, 0, 0, 0]
    before = timeless(tmp_path / "out")
    bytes_before = (tmp_path / "out/bob/result.json").read_bytes()
    shutil.rmtree(tmp_path / "out/bob")
    (tmp_path / "out/alice/result.json").write_text("scribbled over")
    (tmp_path / "out/grades.csv").unlink()
    (tmp_path / "out/carol/.result.json.123").write_text("left by a kill")
    second, graded = grading()
    assert graded == [] and second.kept == 3
    assert timeless(tmp_path / "out") == before
    assert (tmp_path / "out/bob/result.json").read_bytes() == bytes_before
    assert (tmp_path / "out/bob/output.txt").read_text() == "hello\n"


def test_a_changed_file_is_graded_again_and_only_that(grading, tmp_path):
    grading()
    (tmp_path / "class/bob.py").write_text(RIGHT)
    batch, graded = grading()
    assert graded == ["bob"] and batch.records[1].score == 100
    assert not (tmp_path / "out/bob/output.txt").exists()


def test_a_class_list_that_comes_later_names_what_is_finished(grading, toy_course, tmp_path):
    grading()
    (tmp_path / "roster.csv").write_text("id,name\nalice,Alice Long\n")
    found = read_roster(tmp_path / "roster.csv").complete(find_submissions([tmp_path / "class"])).found
    with Journal(tmp_path / "out") as journal:
        out = tmp_path / "out"
        batch = Grading(toy_course, out, salt_for(out, "salt"), Plan(), journal=journal).grade(found)
    assert batch.kept == 3 and batch.records[0].student.name == "Alice Long"
    assert '"name": "Alice Long"' in (tmp_path / "out/alice/result.json").read_text()


def test_a_changed_lab_is_graded_again_whole(grading, toy_course, tmp_path):
    grading()
    root = tmp_path / "course"
    shutil.copytree(toy_course.root, root)
    _, graded = grading(course=read_course(root))
    assert graded == []  # the same lab in another place
    lesson = root / "solutions/lab01_toy/lab.py"
    lesson.write_text(lesson.read_text().replace("# # Lab 01", "# # The first lab"))
    (root / "solutions/lab01_toy/misconceptions.py").write_text("")
    kept.check_hashes.cache_clear()
    batch, graded = grading(course=read_course(root))
    assert graded == []  # no verdict rests on prose, or on what mistakes are known
    assert batch.records[1].checks[0].misconception is not None
    lesson.write_text(lesson.read_text().replace("# END SOLUTION", "# END SOLUTION\n    pass", 1))
    kept.check_hashes.cache_clear()
    assert grading(course=read_course(root))[1] == ["alice", "bob", "carol"]


def test_what_changed_in_one_check_is_made_again_without_being_named(grading, toy_course, tmp_path):
    grading()
    root = tmp_path / "course"
    shutil.copytree(toy_course.root, root)
    tests = root / "solutions/lab01_toy/test_lab.py"

    def edit(old: str, new: str) -> Course:
        assert old in tests.read_text()
        tests.write_text(tests.read_text().replace(old, new, 1))
        kept.check_hashes.cache_clear()
        return read_course(root)

    def again(*checks: str) -> list[str]:
        told: list[str] = []
        with task.telling(told.append):
            batch, _ = grading(checks=checks, course=course)
        stale.append(batch.stale)
        fresh, _ = grading(course=course, out=tmp_path / f"fresh{len(stale)}")
        both = [[without_times(one.as_dict()) for one in some.records] for some in (fresh, batch)]
        equal.append(both[0] == both[1])
        return sorted(set(told))

    stale: list[int] = []
    equal: list[bool] = []
    course = edit("student.mean_of_doubles(x)", "1 + student.mean_of_doubles(x)")
    assert again() == ["test_mean"]  # what 1.1 decided stays
    course = edit("1 + student.mean_of_doubles(x)", "student.mean_of_doubles(x)")
    course = edit("expect.close(answer, reference.double(x))", "expect.shape(answer, x.shape)")
    assert "test_double" not in again("1.2")
    assert "test_double" in again()
    # a record is of today's checks only if every one of them is
    assert stale == [0, 3, 0] and equal == [True, False, True]


def test_what_calls_an_answer_that_is_judged_anew_is_judged_anew(grading, toy_course, tmp_path):
    (tmp_path / "class/bob.py").write_text(
        "# labkit: lab01_toy\ndef double(x):\n    return x ** 2\ndef mean_of_doubles(x):\n"
        "    return float(double(x).mean())\n"
    )
    course = _edited(tmp_path / "course", toy_course, '@needs("1.1")\n', "")
    before, _ = grading(course=course)
    assert "judged with the reference's double" in before.records[1].checks[-1].message
    course = _edited(
        tmp_path / "course",
        toy_course,
        "expect.close(answer, reference.double(x))",
        "expect.shape(answer, x.shape)",
    )
    course = _edited(
        tmp_path / "course",
        toy_course,
        "expect.close(answer, reference.double(x))",
        "expect.shape(answer, x.shape)",
    )
    again, _ = grading(course=course)
    fresh, _ = grading(course=course, out=tmp_path / "fresh")
    assert again.records[1].checks[-1].verdict == "failed"  # all of 1.1 passes, and nothing is lent
    assert [without_times(r.as_dict()) for r in again.records] == [
        without_times(r.as_dict()) for r in fresh.records
    ]


@pytest.mark.parametrize(
    ("again", "expected"),
    [(("bob",), ["bob"]), (("A*", "c?rol"), ["alice", "carol"]), (("all",), ["alice", "bob", "carol"])],
)
def test_chosen_submissions_are_graded_again(grading, tmp_path, again, expected):
    grading()
    before = timeless(tmp_path / "out")
    _, graded = grading(again)
    assert sorted(graded) == expected
    assert timeless(tmp_path / "out") == before
    assert grading()[1] == []


def test_a_regrade_that_was_stopped_goes_on_without_its_option(grading, tmp_path, monkeypatch):
    grading()
    before = timeless(tmp_path / "out")
    with monkeypatch.context() as patched:
        write = files.write_result

        def stopped(folder, *rest):
            if folder.name == "bob":
                raise KeyboardInterrupt
            write(folder, *rest)

        patched.setattr(batch_module, "write_result", stopped)
        with pytest.raises(KeyboardInterrupt):
            grading(("all",))
    assert grading()[1] == ["carol"]
    assert timeless(tmp_path / "out") == before


def test_one_check_is_made_again_with_what_waits_for_it(grading, toy_course, tmp_path):
    grading()
    root = tmp_path / "course"
    shutil.copytree(toy_course.root, root)
    tests = root / "solutions/lab01_toy/test_lab.py"
    # 1.1 forgives a squaring student, so that 1.2, which waits for it, is carried out as well
    mended = tests.read_text().replace(
        "expect.close(answer, reference.double(x))", "expect.shape(answer, x.shape)"
    )
    tests.write_text(mended.replace("The mean is right.", "The mean is quite right."))
    kept.check_hashes.cache_clear()
    course = read_course(root)
    told: list[str] = []
    with task.telling(told.append):
        batch, graded = grading(checks=("test_double",), course=course)
    assert graded == ["alice", "bob", "carol"]
    assert [record.score for record in batch.records] == [100, 100, 0, 0]
    # with a mended lab, a part made anew gives what the whole would have given
    fresh, _ = grading(course=course, out=tmp_path / "fresh")
    assert [without_times(r.as_dict()) for r in fresh.records] == [
        without_times(r.as_dict()) for r in batch.records
    ]
    assert told.count("test_mean") == 3  # it needs 1.1
    told.clear()
    with task.telling(told.append):
        _, graded = grading(("bob",), ("1.2",), course=course)
    assert (graded, told) == (["bob"], ["test_mean"])
    assert grading(course=course)[1] == []


@pytest.mark.parametrize(
    ("again", "checks", "sentence"),
    [(("nobody",), (), "no submission has such a name"), ((), ("9.9",), "no lab of this course has such")],
)
def test_what_is_not_there_is_not_graded_again(grading, again, checks, sentence):
    with pytest.raises(CourseError, match=sentence):
        grading(again, checks)


# --- what a run changed ---------------------------------------------------------------------------------------------


def _edited(root: Path, toy_course: Course, old: str, new: str) -> Course:
    if not root.exists():
        shutil.copytree(toy_course.root, root)
    tests = root / "solutions/lab01_toy/test_lab.py"
    assert old in tests.read_text()
    tests.write_text(tests.read_text().replace(old, new, 1))
    kept.check_hashes.cache_clear()
    return read_course(root)


def _told(batch) -> list[tuple]:
    return [(change.record.submission, change.check, change.before, change.after) for change in batch.changes]


def test_a_regrade_says_who_gained_and_who_lost_in_which_check(grading, toy_course, tmp_path, monkeypatch):
    assert grading()[0].changes == [] and grading()[0].changes == []
    mend = "expect.close(answer, reference.double(x))", "expect.shape(answer, x.shape)"
    course = _edited(tmp_path / "course", toy_course, *mend)
    with monkeypatch.context() as patched:  # a run that was stopped has told nobody
        patched.setattr(batch_module, "write_grades", lambda *rest: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            grading(course=course)
    assert not is_finished(tmp_path / "out")
    assert _told(grading(course=course)[0])[0] == ("bob", "test_double", 0, 40)
    assert is_finished(tmp_path / "out") and _told(grading(course=course)[0]) == []
    course = _edited(tmp_path / "course", toy_course, "@points(40)", "@points(30)")
    assert _told(grading(course=course)[0]) == [
        ("alice", "test_double", 40, 30),
        ("bob", "test_double", 40, 30),
    ]
    (tmp_path / "class/bob.py").write_text(RIGHT)  # another file is no regrade
    assert _told(grading(course=course)[0]) == []


def test_a_mark_whose_check_changed_since_is_listed_until_its_reason_says_so(grading, toy_course, tmp_path):
    def graded(course: Course, reason: str) -> list[str]:
        text = f'[[mark]]\nstudent = "bob"\ncheck = "test_mean"\npoints = 9\nreason = "{reason}"\n'
        (course.root / "adjustments.toml").write_text(text)
        found = find_submissions([tmp_path / "class"])
        with Journal(tmp_path / "out") as journal:
            decided = read_adjustments(course).find((one.name, one.student) for one in found)
            how = Grading(course, tmp_path / "out", b"salt", Plan(), journal=journal, adjustments=decided)
            batch = how.grade(found)
        assert batch.records[1].adjusted[0].points == 9
        return [mark.check for mark in batch.outdated]

    same = "expect.close(answer, reference.double(x))"
    course = _edited(tmp_path / "course", toy_course, same, same)
    assert graded(course, "so") == []
    course = _edited(tmp_path / "course", toy_course, same, "expect.shape(answer, x.shape)")
    assert graded(course, "so") == []  # another check changed
    course = _edited(tmp_path / "course", toy_course, "x = rng.normal(size=9)", "x = rng.normal(size=10)")
    assert graded(course, "so") == ["test_mean"] and graded(course, "so") == ["test_mean"]
    assert graded(course, "looked at again") == []


def test_results_of_one_lab_are_not_written_over_by_anothers(grading, toy_course, tmp_path):
    grading()
    root = tmp_path / "course"
    shutil.copytree(toy_course.root / "solutions/lab01_toy", root / "solutions/lab02_other")
    lesson = root / "solutions/lab02_other/lab.py"
    lesson.write_text(lesson.read_text().replace("labkit: lab01_toy", "labkit: lab02_other"))
    (root / "course.toml").write_text('[[labs]]\nname = "lab02_other"\n')
    before = timeless(tmp_path / "out")
    for path in (tmp_path / "class").glob("*.py"):
        path.write_bytes(path.read_bytes().replace(b"lab01_toy", b"lab02_other"))
    with pytest.raises(
        CourseError, match="holds results of lab01_toy, and these submissions answer lab02_other"
    ):
        grading(course=read_course(root))
    assert timeless(tmp_path / "out") == before


# --- damage --------------------------------------------------------------------------------------------------


def test_a_torn_last_line_is_dropped_at_every_byte(grading, tmp_path):
    grading()
    path = tmp_path / "out/journal.jsonl"
    *lines, finished = path.read_bytes().splitlines(keepends=True)
    whole = b"".join(lines)
    assert json.loads(finished)["kind"] == "finished"
    assert len(lines) == 4 and all(set(json.loads(line)) == {"crc", "kind", "data"} for line in lines)
    start = len(whole) - len(lines[-1])
    for end in (start, *random.Random(0).sample(range(start, len(whole)), 40), len(whole) - 1):
        path.write_bytes(whole[:end])
        with Journal(tmp_path / "out") as journal:
            assert set(journal.entries) == {"alice", "bob"} and journal.problems == []
        assert path.read_bytes() == whole[:start]
    assert grading()[1] == ["carol"]


def test_a_damaged_line_costs_only_what_it_held(grading, tmp_path):
    grading()
    before = timeless(tmp_path / "out")
    path = tmp_path / "out/journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"score":0', b'"score":99')
    path.write_bytes(b"".join(lines))
    with Journal(tmp_path / "out") as journal:
        assert set(journal.entries) == {"alice", "carol"}
        assert journal.problems == [f"{path}, line 3, is damaged; what it held is graded again."]
    assert grading()[1] == ["bob"]
    assert timeless(tmp_path / "out") == before


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"garbage", b"\x00" * 5000, b'{"crc":"0","kind":"run","data":{}}\n']
)
def test_a_journal_that_is_none_is_begun_anew(grading, tmp_path, content):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/journal.jsonl").write_bytes(content)
    assert grading()[1] == ["alice", "bob", "carol"]
    assert grading()[1] == []


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_full_disk_at_any_write_loses_nothing_that_was_finished(grading, tmp_path, monkeypatch, call):
    grading(out=tmp_path / "undisturbed")
    real = getattr(os, call)
    finished: set[str] = set()
    for number in range(1, 30):
        calls = 0

        def full(*arguments, number=number):
            nonlocal calls
            calls += 1
            if calls >= number:
                if call == "write":  # as when half of it found room
                    real(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*arguments)

        with monkeypatch.context() as patched:
            patched.setattr(os, call, full)
            try:
                grading()
            except CannotWrite as problem:
                assert str(problem).endswith("cannot be written: the disk is full.")
            else:
                break
        with Journal(tmp_path / "out") as journal:
            assert finished <= set(journal.entries)
            finished = set(journal.entries)
    else:
        raise AssertionError("it never finished")
    assert number > 2
    assert timeless(tmp_path / "out") == timeless(tmp_path / "undisturbed")


@pytest.mark.parametrize("blocked", ["bob", "bob/result.json/x"])
def test_a_folder_that_cannot_be_written_costs_only_its_own_result(grading, tmp_path, blocked):
    path = tmp_path / "out" / blocked
    path.parent.mkdir(parents=True)
    path.write_text("in the way")
    batch, _ = grading()
    assert files.unwritten(tmp_path / "out", batch.records) == ["bob"]
    assert [record.score for record in batch.records] == [100, 0, 0, 0]
    assert (tmp_path / "out/grades.csv").read_text().count("\n") == 5
    shutil.rmtree(tmp_path / "out/bob") if path.parent != tmp_path / "out" else path.unlink()
    batch, graded = grading()
    assert graded == [] and files.unwritten(tmp_path / "out", batch.records) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_what_forbids_every_result_stops_the_batch(grading, monkeypatch, number):
    def refused(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files, "_write_if_changed", refused)
    with pytest.raises(CannotWrite, match=r"result\.json cannot be written: "):
        grading()


@pytest.mark.parametrize("stays", [False, True])
def test_what_lies_where_a_file_is_prepared_is_never_written_to(tmp_path, monkeypatch, stays):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / f".result.json.{os.getpid()}").symlink_to(victim)
    if stays:  # as when it is put there again at the last moment
        monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)
        with pytest.raises(FileExistsError):
            files.write_atomically(tmp_path / "result.json", "text")
    else:
        files.write_atomically(tmp_path / "result.json", "text")
        assert (tmp_path / "result.json").read_text() == "text"
    assert victim.read_text() == "mine"


# --- the command ---------------------------------------------------------------------------------------------


@pytest.fixture
def command(toy_course, tmp_path):
    """The arguments and the environment of a `labkit grade` on the toy course."""

    def started(*arguments, prelude: str = "", **how) -> subprocess.Popen:
        code = (
            "import signal, sys\n"
            # tests that run in the background of a shell hand down that Ctrl-C is ignored
            "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            f"{prelude}\nfrom labkit.cli import main\nif __name__ == '__main__':\n    main()\n"
        )
        (tmp_path / "run_labkit.py").write_text(code)
        return subprocess.Popen(
            [
                sys.executable,
                tmp_path / "run_labkit.py",
                "grade",
                "class",
                "--salt",
                "salt",
                *map(str, arguments),
            ],
            cwd=tmp_path,
            env={
                "PATH": "/usr/bin:/bin",
                "HOME": str(tmp_path),
                "LABKIT_COURSE": str(toy_course.root),
                "PYTHONDONTWRITEBYTECODE": "1",  # a library's must not be cut off where the disk is full
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **how,
        )

    return started


def ended(process: subprocess.Popen, status: int) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == status, (process.returncode, out, err)
    assert "Traceback" not in err, err
    return err


def all_gone(family: list[psutil.Process]) -> bool:
    return not psutil.wait_procs(family, timeout=20)[1]


def lines_of(out: Path) -> int:
    path = out / "journal.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


#: Kills the process itself, as a power failure would, at the n-th call that brings something to the disk.
KILLED_AT = """
import os, signal
left = {number}
def deadly(call):
    def counted(*arguments):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments)
    return counted
if __name__ == "__main__":
    os.fsync, os.replace, os.write = deadly(os.fsync), deadly(os.replace), deadly(os.write)
"""


def test_killed_at_one_write_after_the_other_it_ends_with_the_same_files(command, tmp_path):
    hand_in(tmp_path / "class")
    ended(command("--out", "undisturbed", "--jobs", 1), 0)
    kills = 0
    for number in (4, 6, 9, 11, 12, 10**6):
        process = command("--out", "out", "--jobs", 1 + kills % 2, prelude=KILLED_AT.format(number=number))
        process.communicate(timeout=120)
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL
        kills += 1
    assert kills >= 3 and process.returncode == 0
    assert timeless(tmp_path / "out") == timeless(tmp_path / "undisturbed")


@pytest.mark.slow
def test_killed_after_every_record_and_at_random_moments_it_ends_with_the_same_files(command, tmp_path):
    students = {f"s{number}.py": [*CLASS.values()][number % 4] for number in range(12)}
    hand_in(tmp_path / "class", students)
    ended(command("--out", "undisturbed"), 0)
    draw = random.Random(1)
    out = tmp_path / "out"
    for moment in [None] * 9 + [draw.uniform(0, 8) for _ in range(20)]:  # None: after the next record
        if moment is not None and (out / "grades.csv").exists():
            shutil.rmtree(out)
        before = max(lines_of(out), 1)
        process = command("--out", "out", "--jobs", 2)
        deadline = time.monotonic() + (60 if moment is None else moment)
        while process.poll() is None and time.monotonic() < deadline:
            if moment is None and lines_of(out) > before:
                break
            time.sleep(0.005)
        family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.kill()
        process.communicate()
        assert all_gone(family), "a process is left"
    ended(command("--out", "out"), 0)
    assert timeless(out) == timeless(tmp_path / "undisturbed")


def test_a_full_disk_is_one_sentence_and_the_same_command_goes_on(command, tmp_path):
    hand_in(tmp_path / "class")

    def little_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, resource.RLIM_INFINITY))

    said = ended(command("--out", "out", "--jobs", 1, preexec_fn=little_room), 1)
    assert said.count("\n") == 1 and "the disk is full" in said and "the same command grades the rest" in said
    kept = lines_of(tmp_path / "out")
    assert kept >= 2
    ended(command("--out", "out", "--jobs", 1), 0)
    ended(command("--out", "undisturbed", "--jobs", 1), 0)
    assert timeless(tmp_path / "out") == timeless(tmp_path / "undisturbed")


def test_stopped_by_ctrl_c_it_leaves_no_process_and_says_how_to_go_on(command, tmp_path):
    endless = RIGHT.replace("    return 2 * x\n", "    while True: pass\n")
    hand_in(tmp_path / "class", {"alice.py": RIGHT, "bob.py": endless})
    process = command("--out", "out", "--jobs", 2)
    deadline = time.monotonic() + 60
    while lines_of(tmp_path / "out") < 2 and time.monotonic() < deadline:  # alice is finished
        time.sleep(0.01)
    family = psutil.Process(process.pid).children(recursive=True)
    assert family
    os.killpg(process.pid, signal.SIGINT)
    said = ended(process, 130)
    assert "What was finished is kept in out; the same command grades the rest" in said
    assert all_gone(family)
    with Journal(tmp_path / "out") as journal:
        assert set(journal.entries) == {"alice"}


def test_a_second_command_on_the_same_folder_is_refused(command, tmp_path):
    hand_in(tmp_path / "class")
    with Journal(tmp_path / "out"):
        said = ended(command("--out", "out"), 2)
        assert "Another `labkit grade` is writing to out" in said
    assert not (tmp_path / "out/salt").exists()
