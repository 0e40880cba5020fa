"""What course.toml must not say is refused with its line and what to do; nothing goes by unread."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.course import THREADS, CourseError, lab_of, read_course
from labkit.lesson.submission import SubmissionError
from labkit.worker import launch

LAB = '[[labs]]\nname = "lab01_sums"\n'


def course(root: Path, text: str | bytes, *labs: str):
    (root / "course.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    for lab in labs or ("lab01_sums",):
        (root / "labs" / lab).mkdir(parents=True)
        (root / "labs" / lab / "lab.py").write_text("")
    return read_course(root)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (
            LAB + "due_date = 2026-10-01\n",
            3,
            "due_date of lab01_sums is unknown; the keys of a lab are name, due",
        ),
        (LAB + "due_date = 2026-10-01\n", 3, "Is due meant?"),
        ('title = "x"\n\n' + LAB.replace("[[labs]]", "[[lab]]"), 3, "Is labs meant?"),
        ("[Late]\npenalty_per_day = 10\n" + LAB, 1, "Is late meant?"),
        ("tilte = 'x'\n" + LAB, 1, "Is title meant?"),
        ("course.title = 'x'\n" + LAB, 1, "course is unknown"),
        ("[late]\ngrace = 1\n" + LAB, 2, "Is grace_minutes meant?"),
        ("[late]\nmax_days = 1.5\n" + LAB, 2, "[late] max_days is a whole number from 0, not 1.5"),
        ("late.max_days = -1\n" + LAB, 1, "[late] max_days is a whole number"),
        ("title = 7\n" + LAB, 1, "title is a text in quotes, not 7"),
        ("labs = 3\n", 1, "[[labs]] are tables"),
        ('title = "x"\nlabs = ["lab01_sums"]\n', 2, "[[labs]] are tables"),
        ("[labs]\nname = 'lab01_sums'\n", 1, "[[labs]] are tables"),
        (
            'title = "x"\n[[labs]]\ndue = 2026-10-01T12:00:00Z\n',
            2,
            "this lab has no name; each [[labs]] needs one",
        ),
        (LAB + "\n" + LAB, 5, "lab01_sums stands here twice, first on line 2"),
        ('labs = [{name = "lab01_sums"},\n{name = "lab01_sums"}]', 1, "stands here twice"),
        (LAB + "[labs.extra]\na = 1\n", 3, "extra of lab01_sums is unknown; the keys of a lab are"),
        (LAB + "due = 2026-10-01\n", 3, "2026-10-01T23:59:00+02:00, not 2026-10-01."),
        (LAB + "points = 0\n", 3, "points of lab01_sums is a number from 0.01"),
        (LAB + "points = nan\n", 3, "points of lab01_sums is a number from 0.01"),
        (LAB + "minutes = 0\n", 3, "minutes of lab01_sums is a whole number from 1, not 0"),
        (LAB + "weight = -1\n", 3, "weight of lab01_sums is a number from 0, not -1"),
        (LAB.replace("sums", "sum"), 2, "there is no lab called lab01_sum; is lab01_sums meant"),
        (LAB.replace("lab01", "lab02"), 2, "is lab01_sums meant"),
        ('[[labs]]\nname = "lab1"\n', 2, "there is no lab called lab1; is lab01_sums meant"),
        ('[[labs]]\nname = "Lab1"\n', 2, "there is no lab called Lab1; is lab01_sums meant"),
        ('[labs]\nname = "lab01_sums"\n', 1, "are tables, each with a name, not [labs]"),
        ("title = “x”\n" + LAB, 1, "texts stand in straight quotes"),
        ('title = "x"\n[[labs]\n', 2, "this is not TOML"),
        ('title = "x"\ntitle = "y"\n', 2, "this is not TOML"),
        ('\ufefftitle = "x"\n', 1, "byte order mark; save it as UTF-8 without one"),
        ('# a\ntitle = "Übung"\n'.encode("cp1252"), 2, "this is not UTF-8"),
    ],
)
def test_it_is_refused_with_file_line_and_remedy(tmp_path, text, line, words):
    with pytest.raises(CourseError) as raised:
        course(tmp_path, text)
    assert str(raised.value).startswith(f"{tmp_path / 'course.toml'}:{line}: ")
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("due", "right"),
    [
        ("2026-10-01T23:59:00+02:00", True),
        ("2026-10-01T23:59:00+01:00", False),
        ("2026-10-01T21:59:00Z", False),
        ("2026-10-25T02:30:00+02:00", True),  # the hour that comes twice
        ("2026-10-25T02:30:00+01:00", True),
        ("2026-12-01T23:59:00+01:00", True),
    ],
)
def test_an_offset_agrees_with_the_time_zone_or_what_to_write_is_said(tmp_path, due, right):
    text = f'[late]\ntimezone = "Europe/Berlin"\n{LAB}due = {due}\n'
    if right:
        assert course(tmp_path, text).lab("1").due.isoformat() == due
        return
    with pytest.raises(
        CourseError, match=r"course.toml:5: due of lab01_sums .*Europe/Berlin.*write 2026-10-01T"
    ):
        course(tmp_path, text)


def test_what_it_says_of_a_lab_is_there(tmp_path):
    text = LAB + "points = 20\nminutes = 180\nweight = 0.5\nthreads = 1\nattempts = 3\n"
    lab = course(tmp_path, text).lab("1")
    assert (lab.points, lab.minutes, lab.weight, lab.threads, lab.attempts) == (20, 180, 0.5, 1, 3)


def test_a_lab_that_is_still_to_come_may_be_listed(tmp_path):
    found = course(tmp_path, LAB + '[[labs]]\nname = "lab07_waves"\n')
    assert found.order == ("lab01_sums", "lab07_waves") and [lab.name for lab in found.labs] == ["lab01_sums"]


def test_labs_may_stand_in_one_line(tmp_path):
    text = 'labs = [{name = "lab02_b", threads = 1}, {name = "lab01_sums"}]'
    assert [lab.name for lab in course(tmp_path, text, "lab01_sums", "lab02_b").labs] == [
        "lab02_b",
        "lab01_sums",
    ]


def test_a_submission_names_its_lab_by_option_near_folder_header_or_far_folder_in_that_order(tmp_path):
    found = course(tmp_path, "", "lab01_sums", "lab02_b")
    path = tmp_path / "handed in" / "lab02_b" / "x.py"
    assert lab_of(found, path, "lab02", "1").name == "lab01_sums"
    assert lab_of(found, path, "lab01", None).name == "lab02_b"
    assert lab_of(found, path.parent / "alice" / "x.py", "lab01", None).name == "lab02_b"
    assert lab_of(found, path.parent / "2026" / "alice" / "x.py", "lab01", None).name == "lab01_sums"
    assert lab_of(found, path.parent / "2026" / "alice" / "x.py", None, None).name == "lab02_b"
    assert lab_of(found, Path("lab02_b.ipynb"), None, None).name == "lab02_b"
    assert lab_of(found, Path("x.py"), "lab01", None).name == "lab01_sums"
    for header, words in ((None, "does not say which lab"), ("lab09", "names a lab that is not there")):
        with pytest.raises(SubmissionError, match=words):
            lab_of(found, Path("x.py"), header, None)


def test_labs_compute_with_as_many_threads_as_a_worker():
    assert THREADS == launch.THREADS
