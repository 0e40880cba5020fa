"""The commands as their users type them: what they print, what they write, how they exit."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

RIGHT = "# labkit: lab01_toy\ndef double(x):\n    return 2 * x\ndef mean_of_doubles(x):\n    return float(2 * x.mean())\n"
WRONG = RIGHT.replace("2 * x\n", "x ** 2\n")


def test_help_teaches_and_imports_nothing_heavy(labkit):
    done = labkit("--help")
    assert done.returncode == 0
    assert all(word in done.stdout for word in ("start", "check", "grade", "selftest", "doctor"))
    code = "import sys, labkit.cli as c\ntry: c.app(['--help'])\nexcept SystemExit: pass\n"
    heavy = "sys.exit(any(name in sys.modules for name in ('tensorflow', 'keras', 'numpy', 'pytest')))"
    assert subprocess.run([sys.executable, "-c", code + heavy], capture_output=True).returncode == 0


@pytest.mark.parametrize("command", ["list", "start", "check", "grade", "build", "selftest", "doctor"])
def test_every_command_explains_itself(labkit, command):
    done = labkit(command, "--help")
    assert done.returncode == 0 and len(done.stdout.splitlines()) > 5


def test_list_shows_questions_and_points(labkit):
    out = labkit("list").stdout
    assert "lab01_toy" in out and "Doubling" in out and "75 points" in out


@pytest.mark.parametrize(("flag", "suffix"), [((), ".py"), (("--notebook",), ".ipynb")])
def test_start_writes_the_starter_once_and_check_says_not_attempted(labkit, tmp_path, flag, suffix):
    done = labkit("start", "lab01", "work", *flag)
    path = tmp_path / "work" / f"lab01_toy{suffix}"
    assert done.returncode == 0 and f"labkit check work/lab01_toy{suffix}" in done.stdout
    checked = labkit("check", path)
    assert checked.returncode == 1 and "1.1  Doubling: not written yet" in checked.stdout
    assert "0 of 85 public points; 15 more are graded with other inputs" in checked.stdout
    path.write_text(path.read_text() + "\n")
    kept = path.read_bytes()
    again = labkit("start", "lab01", "work", *flag)
    assert again.returncode == 1 and "stays as it is" in again.stderr
    assert path.read_bytes() == kept


def test_check_names_the_mistake_and_passes_when_mended(labkit, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(WRONG)
    done = labkit("check", file, "-k", "1.1")
    assert done.returncode == 1
    assert "You squared each value" in done.stdout and "Mean of doubles" not in done.stdout
    file.write_text(RIGHT)
    assert labkit("check", file).returncode == 0


def test_check_writes_the_students_page_of_the_public_checks(labkit, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(WRONG)
    done = labkit("check", file, "--html", "page.html")
    html = (tmp_path / "page.html").read_text()
    assert done.returncode == 1 and "You squared each value" in done.stdout
    assert "You squared each value" in html and "1.1 Doubling" in html and "Doubled values" in html
    assert "secret" not in html.lower() and "hidden check" not in html
    file.write_text(RIGHT)
    assert labkit("check", file, "--html", "page.html").returncode == 0
    assert "Nothing is left to do" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize("name", ["mine.py", "notes.html"])
def test_check_writes_no_page_over_what_is_not_its_own(labkit, tmp_path, name):
    (tmp_path / "mine.py").write_text(RIGHT)
    (tmp_path / "notes.html").write_text("my own")
    before = (tmp_path / name).read_bytes()
    done = labkit("check", "mine.py", "--html", name)
    assert done.returncode == 1 and "page" in done.stderr
    assert (tmp_path / name).read_bytes() == before


def test_check_refuses_a_question_that_there_is_not(labkit, tmp_path):
    (tmp_path / "mine.py").write_text(RIGHT)
    done = labkit("check", "mine.py", "-k", "9.9")
    assert done.returncode == 2 and "its questions are 1.1, 1.2" in done.stderr


def test_grade_writes_a_record_for_each_and_a_table(labkit, tmp_path):
    files = {
        "class/alice.py": RIGHT,
        "class/bob/lab.py": WRONG,
        "class/bob/test_lab.py": "raise SystemExit('never collected')",
        "class/conftest.py": "raise SystemExit('never collected')",
        "class/carol.py": "# labkit: lab01_toy\ndef double(x:\n",
        "class/dora.py": b"\xff\xfe\x00",
        "class/=cmd|' /C calc'!A0.py": RIGHT,
        "class/.hidden.py": RIGHT,
        "class/__pycache__/x.py": RIGHT,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    done = labkit("grade", "class", "--out", "out", "--lab", "lab01")
    assert done.returncode == 0, done.stderr
    rows = [row.split(",") for row in (tmp_path / "out/grades.csv").read_text().splitlines()]
    scores = {row[0]: row[2] for row in rows[1:]}
    assert scores == {"'=cmd|' /C calc'!A0": "100", "alice": "100", "bob": "0", "carol": "0", "dora": "0"}
    record = json.loads((tmp_path / "out/bob/result.json").read_text())
    assert record["schema"] == "labkit/result/v1" and record["score"] == 0
    assert record["checks"][0]["misconception"]["id"] == "squared"
    assert "line 2: SyntaxError" in json.loads((tmp_path / "out/carol/result.json").read_text())["notes"][0]
    assert "not UTF-8" in json.loads((tmp_path / "out/dora/result.json").read_text())["notes"][0]


def test_a_course_beside_a_submission_is_not_the_one_that_grades(labkit, tmp_path):
    (tmp_path / "mallory").mkdir()
    (tmp_path / "mallory/lab.py").write_text(RIGHT)
    (tmp_path / "mallory/course.toml").write_text("title = 'mine'")
    assert labkit("grade", "mallory/lab.py", "--require", "100").returncode == 0
    done = labkit("grade", "mallory", LABKIT_COURSE="")
    assert done.returncode == 2 and "--course FOLDER or LABKIT_COURSE" in done.stderr


def test_grading_numpy_questions_never_loads_tensorflow(labkit, tmp_path, toy_course):
    (tmp_path / "a.py").write_text("import keras\nimport tensorflow as tf\n" + RIGHT)
    code = (
        "import sys\nfrom labkit import lazy\nfrom labkit.cli import app\nlazy.install()\n"
        "try: app(['grade', 'a.py', '--require', '100'])\n"
        "except SystemExit as end: sys.exit(end.code or lazy.is_loaded('tensorflow') * 9)\n"
    )
    env = {"PATH": "/usr/bin:/bin", "LABKIT_COURSE": str(toy_course.root)}
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env).returncode == 0


def test_grading_again_repeats_the_records_because_the_salt_is_kept(labkit, tmp_path):
    (tmp_path / "a.py").write_text(RIGHT.replace("2 * x\n", "2 * x + 1e-3\n"))
    times = {"started_at", "seconds"}

    def graded():
        assert labkit("grade", "a.py").returncode == 0
        text = (tmp_path / "graded/a/result.json").read_text().splitlines()
        return [line for line in text if not any(f'"{key}"' in line for key in times)]

    assert graded() == graded()
    assert (tmp_path / "graded/salt").stat().st_mode & 0o077 == 0
    other = labkit("grade", "a.py", "--salt", "another")
    assert other.returncode == 2 and "another salt" in other.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("grade", "missing.py"), 2, "missing.py does not exist"),
        (("grade", "a.py", "--require", "50"), 3, "reaches 50 %"),
        (("grade", "a.py", "--lab", "lab77"), 2, "no lab called 'lab77'"),
        (("check", "missing.py"), 2, "missing.py does not exist"),
        (("grade",), 2, "PATH"),
        (("start", "lab77"), 2, "The labs there: lab01_toy"),
        (("selftest", "-k", "1.2"), 0, ""),
        (("list", "--course", "/nowhere"), 2, "/nowhere/course.toml"),
    ],
)
def test_bad_usage_gets_one_sentence(labkit, tmp_path, arguments, status, words):
    (tmp_path / "a.py").write_text("# labkit: lab01_toy\n")
    done = labkit(*arguments)
    assert done.returncode == status, done.stderr
    assert words in done.stderr and "Traceback" not in done.stderr


def test_names_of_submissions_harm_neither_the_files_of_results_nor_the_terminal(labkit, tmp_path):
    evil = "\x1b]0;owned\x07\x1b[2Jevil"
    names = ["grades.csv/x", "salt/x", "journal.jsonl/x", "trainings/x", evil, f"{evil}/no code"]
    for name in names:
        (tmp_path / "class" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "class" / f"{name}.py").write_text("" if name == names[-1] else RIGHT)
    deep = tmp_path / "class" / "/".join(["d" * 150] * 10)
    deep.mkdir(parents=True)
    (deep / "x.py").write_text(RIGHT)
    done = labkit("grade", "class", *(f"class/{name}.py" for name in names[4:5]), "--out", "out")
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "out/grades.csv").read_text().splitlines()) == 9
    assert all((tmp_path / "out" / name).is_file() for name in ("salt", "journal.jsonl"))
    gone = labkit("grade", f"{evil}.py")
    damaged = labkit("grade", "class", "--layout", evil)
    assert (gone.returncode, damaged.returncode) == (2, 2) and "does not exist" in gone.stderr
    few = labkit("grade", f"class/{evil}.py", "--out", evil, "--require", "101")
    assert few.returncode == 3 and "evil" in few.stdout
    for said in (done, gone, damaged, few):
        assert not {"\x1b", "\x07"} & {*said.stdout, *said.stderr}


def test_a_result_that_cannot_be_written_is_told_after_the_others(labkit, tmp_path):
    (tmp_path / "class").mkdir()
    (tmp_path / "out").mkdir()
    for name in ("alice", "bob"):
        (tmp_path / "class" / f"{name}.py").write_text(RIGHT)
    (tmp_path / "out/alice").write_text("in the way")
    done = labkit("grade", "class", "--out", "out")
    assert done.returncode == 1
    assert "out/alice/result.json could not be written; its score is in grades.csv" in done.stderr
    assert (tmp_path / "out/bob/result.json").is_file()


def test_a_batch_of_several_labs_is_told_in_one_line(labkit, toy_course, tmp_path):
    import shutil

    root = tmp_path / "course"
    shutil.copytree(toy_course.root, root)
    shutil.copytree(root / "solutions/lab01_toy", root / "solutions/lab02_toy")
    with (root / "course.toml").open("a") as stream:
        stream.write('\n[[labs]]\nname = "lab02_toy"\n')
    (tmp_path / "class").mkdir()
    for name in ("alice", "bob", "carol", "dora", "mallory"):
        header = "lab02_toy" if name == "mallory" else "lab01_toy"
        (tmp_path / "class" / f"{name}.py").write_text(RIGHT.replace("lab01_toy", header))
    done = labkit("grade", "class", LABKIT_COURSE=str(root))
    assert done.returncode == 0, done.stderr
    assert "several labs, as their folder or header says: lab01_toy 4, lab02_toy 1 (mallory)" in done.stderr
    one = labkit("grade", "class", "--lab", "lab01", "--out", "one", LABKIT_COURSE=str(root))
    assert one.returncode == 0 and "several labs" not in one.stderr


def test_a_lab_that_files_contradict_is_told_before_the_work(labkit, toy_course, tmp_path):
    (tmp_path / "class").mkdir()
    for name in ("alice", "bob"):
        (tmp_path / f"class/{name}.py").write_text(RIGHT.replace("lab01_toy", "lab09_other"))
    done = labkit("grade", "class", "--lab", "lab01")
    assert "alice and 1 more" in done.stderr and "names lab09_other" in done.stderr
    (tmp_path / "class/alice.py").write_text(RIGHT)
    (tmp_path / "class/bob.py").write_text(RIGHT.replace("lab01_toy", "lab01"))
    assert "as --lab says" not in labkit("grade", "class", "--lab", "lab01", "--out", "y").stderr


def test_grades_that_are_not_of_labkit_are_never_written_over(labkit, tmp_path):
    (tmp_path / "alice.py").write_text(RIGHT)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/grades.csv").write_text("id,final\n")
    done = labkit("grade", "alice.py", "--out", "mine")
    assert done.returncode == 2 and "was not written by" in done.stderr
    assert (tmp_path / "mine/grades.csv").read_text() == "id,final\n"
    done = labkit("grade", "alice.py", "--out", "alice.py")
    assert done.returncode == 2 and "is a file" in done.stderr


def test_what_cannot_be_graded_is_not_passed_over_in_silence(labkit, tmp_path):
    for name in ("class/alice.py", "class/hugo.pdf", "class/dora/report.pdf", "class/bob/lab.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(RIGHT)
    done = labkit("grade", "class", "--lab", "lab01")
    assert "left out" in done.stderr and "hugo.pdf" in done.stderr
    assert "dora holds only report.pdf" in " ".join(done.stdout.split())
    done = labkit("grade", "class/hugo.pdf", "--lab", "lab01")
    assert done.returncode == 2 and "nothing to grade" in done.stderr


def test_build_check_fails_while_stale_and_passes_when_built(labkit, toy_course):
    starter = toy_course.lab("1").handout / "lab.py"
    kept = starter.read_text()
    starter.write_text(kept + "# by hand\n")
    stale = labkit("build", "--check")
    assert stale.returncode == 1 and "lab.py is not what" in stale.stderr
    assert labkit("build").returncode == 0
    assert starter.read_text() == kept
    assert labkit("build", "--check").returncode == 0


def test_selftest_prints_its_table(labkit):
    done = labkit("selftest")
    assert done.returncode == 0
    assert "reference: 100 of 100 points" in done.stdout and "named" in done.stdout


def test_doctor_shows_versions_data_and_isolation(labkit):
    out = labkit("doctor").stdout
    assert all(
        word in out for word in ("keras", "tensorflow", "checksums agree", "isolation", "A toy course")
    )


def test_outside_a_course_the_error_says_how_to_name_one(labkit, tmp_path):
    done = labkit("list", LABKIT_COURSE="")
    assert done.returncode == 2 and "--course FOLDER or LABKIT_COURSE" in done.stderr


def test_the_checks_run_in_any_pytest(toy_course, tmp_path):
    import shutil

    folder = tmp_path / "lab01_toy"
    shutil.copytree(toy_course.lab("1").handout, folder)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1 and "double is not written yet" in done.stdout and "3 failed" in done.stdout
    (folder / "lab.py").write_text(RIGHT)
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0 and "3 passed" in done.stdout, done.stdout


# --- nobody sees a traceback of ours ------------------------------------------------------------------------------


@pytest.fixture
def a_course(toy_course, tmp_path):
    """A student's copy of the toy course, to be damaged, and a submission that is right."""
    root = tmp_path / "course"
    shutil.copytree(toy_course.root, root, ignore=shutil.ignore_patterns("solutions", "__pycache__"))
    (tmp_path / "mine.py").write_text(RIGHT)
    return root


def one_sentence(done, *words: str) -> None:
    """The command failed, and said so once, without a traceback."""
    assert done.returncode in (1, 2), done.stderr
    assert done.stderr.startswith("labkit: ") and done.stderr.count("\n") == 1, done.stderr
    assert all(word in done.stderr for word in words), done.stderr


@pytest.mark.parametrize("command", [("list",), ("check", "mine.py"), ("check", "mine.py", "-k", "1.1")])
def test_a_syntax_error_in_a_check_file_is_a_sentence_with_its_line(labkit, a_course, command):
    (a_course / "labs/lab01_toy/test_lab.py").write_text("import numpy\n\ndef test_x(:\n")
    one_sentence(labkit(*command, LABKIT_COURSE=a_course), "lab01_toy/test_lab.py:3: this is not Python")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import no_such_module", "ModuleNotFoundError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
    ],
)
def test_a_check_file_that_raises_is_a_sentence_with_its_line(labkit, a_course, line, words):
    checks = a_course / "labs/lab01_toy/test_lab.py"
    text = checks.read_text()
    checks.write_text(f"{text}\n{line}\n")
    number = text.count("\n") + 2
    one_sentence(labkit("check", "mine.py", LABKIT_COURSE=a_course), f"test_lab.py:{number}: ", words)


@pytest.mark.parametrize("damage", ["cut", "empty", "flipped", "other", "stale"])
def test_damaged_recorded_answers_are_a_sentence_that_says_what_to_do(labkit, a_course, damage):
    path = a_course / "labs/lab01_toy/recorded.npz"
    data = bytearray(path.read_bytes())
    if damage == "flipped":
        data[len(data) // 3] ^= 0xFF
    elif damage == "stale":  # of a lab that had other checks
        checks = path.with_name("test_lab.py")
        checks.write_text(checks.read_text().replace("def test_double(", "def test_doubles("))
    path.write_bytes({"cut": data[:-40], "empty": b"", "other": b"no archive"}.get(damage, data))
    done = labkit("check", "mine.py", LABKIT_COURSE=a_course)
    one_sentence(done, "recorded.npz", "Get the lab's folder anew")


def test_what_nobody_foresaw_is_a_sentence_that_says_how_to_see_more(labkit, a_course, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import labkit.course\n"
        "def find_course(*_, **__): raise RuntimeError('the moon\\nis full')\n"
        "labkit.course.find_course = find_course\n"
    )
    broken = {"PYTHONPATH": str(tmp_path)}
    one_sentence(labkit("list", **broken), "RuntimeError: the moon", "LABKIT_TRACEBACK=1", "report it")
    assert labkit("list", **broken).returncode == 1
    assert "Traceback" in labkit("list", LABKIT_TRACEBACK="1", **broken).stderr


def test_a_folder_that_cannot_be_written_is_a_sentence(labkit, tmp_path):
    (tmp_path / "taken").write_text("a file")
    one_sentence(labkit("start", "lab01", "taken"), "taken/lab01_toy.py cannot be written")
