"""Pages for a class of students, and the zip that gives them back: nobody gets another's."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from msgspec.structs import replace

from labkit.platforms import find_submissions, platforms
from labkit.record import Adjusted, Individual, Student
from labkit.report import Options, ReportError, write_report
from labkit.report.giving import _standing, bundle
from tests.report import made


@pytest.fixture
def graded(tmp_path) -> Path:
    return made.write(tmp_path / "graded", made.a_class(12, checks=12))


def pages(folder: Path) -> dict[str, str]:
    return {path.parent.name: path.read_text() for path in folder.glob("*/report*.html")}


def test_every_submission_gets_a_page_and_a_second_report_writes_nothing(graded):
    write_report(graded, Options())
    assert set(pages(graded)) >= {path.parent.name for path in graded.glob("*/result.json")}
    assert write_report(graded, Options()).changed == []
    record = json.loads((first := sorted(graded.glob("*/result.json"))[0]).read_text())
    record["notes"] = ["Another note."]
    first.write_text(json.dumps(record))
    changed = {path.relative_to(graded).as_posix() for path in write_report(graded, Options()).changed}
    assert f"{first.parent.name}/report.html" in changed
    assert [name for name in changed if name.endswith("/report.html")] == [f"{first.parent.name}/report.html"]


def test_an_anonymous_report_leaves_no_page_with_a_name(graded):
    write_report(graded, Options(anonymous=True))
    assert pages(graded) == {}
    with pytest.raises(ReportError, match="no pages"):
        write_report(graded, Options(anonymous=True, bundle=("moodle", graded)))


def test_a_record_that_was_edited_leads_nowhere_else(graded):
    path = sorted(graded.glob("*/result.json"))[0]
    path.write_text(json.dumps(json.loads(path.read_text()) | {"submission": "../../elsewhere"}))
    write_report(graded, Options())
    assert not list(graded.parent.parent.glob("elsewhere*")) and not (path.parent / "report.html").exists()


def test_a_member_of_a_group_has_a_page_with_what_counts_for_that_one(tmp_path):
    record = made.a_class(1, checks=12)[0]
    question = record.checks[0].question
    own = Individual(
        member=1, adjusted=(Adjusted(question=question, points=1, earned=0, reason="ill that week"),)
    )
    group = Student(name="Ada", group=(Student(name="Bo"),))
    folder = made.write(tmp_path / "g", [replace(record, late=None, student=group, individual=(own,))])
    write_report(folder, Options())
    everybody, bo = (
        (folder / record.submission / name).read_text() for name in ("report.html", "report-2.html")
    )
    assert "ill that week" in bo and "ill that week" not in everybody
    assert "<h1>Bo</h1>" in bo and "Ada" not in bo and "<h1>Ada, Bo</h1>" in everybody
    assert f"<b>{(record.score + 1):g}</b> of" in bo  # the one point that was decided
    made.write(folder, [replace(record, late=None, student=group)])
    write_report(folder, Options())
    assert not (folder / record.submission / "report-2.html").exists()  # nothing is decided any more


@pytest.mark.parametrize("count, told", [(10, False), (11, True)])
def test_a_class_tells_its_quartiles_only_where_there_are_ten_others(count, told):
    scores = sorted(float(number) for number in range(count))
    standing = _standing(scores, 3.0)
    assert (standing is not None) == told
    if standing:
        assert standing.others == 10 and standing.median == 5.5  # of 0, 1, 2, 4 … 10


# --- giving back -----------------------------------------------------------------------------------------------------

#: Names of files in what a platform exports, and of what goes back for each student.
EXPORTS = {
    "moodle": {
        "Ada Lovelace_101_assignsubmission_file/lab01_made.py": "Ada Lovelace_101_assignsubmission_file/report.html",
        "Bo Ek_102_assignsubmission_file/mine.py": "Bo Ek_102_assignsubmission_file/report.html",
        "Cy Ng_103_assignsubmission_file_/lab01_made.py": "Cy Ng_103_assignsubmission_file_/report.html",
    },
    "canvas": {
        "lovelaceada_101_9001_lab01_made.py": "lovelaceada_101_9001_lab01_made.html",
        "ekbo_LATE_102_9002_lab01_made-1.py": "ekbo_LATE_102_9002_lab01_made-1.html",
        "ngcy_103_9003_lab01_made.py": "ngcy_103_9003_lab01_made.html",
    },
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", EXPORTS)
def test_pages_go_back_under_the_names_by_which_the_platform_knows_its_students(name, packed, tmp_path):
    export = tmp_path / "export"
    for file in EXPORTS[name]:
        (export / file).parent.mkdir(parents=True, exist_ok=True)
        (export / file).write_text("x = 1")
    if packed:
        with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
            for file in EXPORTS[name]:
                archive.write(export / file, file)
        export = tmp_path / "export.zip"
    found = find_submissions([export])
    records = [
        replace(record, submission=one.name, student=one.student, notes=(f"page of {one.name}",))
        for record, one in zip(made.a_class(len(found), checks=12), found, strict=True)
    ]
    folder = made.write(tmp_path / "graded", records)
    stranger = replace(records[0], submission="stranger", student=Student(name="Somebody Else"))
    made.write(folder, [stranger])
    written = write_report(folder, Options(bundle=(name, export)))
    assert len(written.said) == 1 and "Somebody Else" in written.said[0]
    with zipfile.ZipFile(folder / "report" / f"pages-{name}.zip") as archive:
        assert set(archive.namelist()) == set(EXPORTS[name].values())
        for back in archive.namelist():
            whose = platforms()[name].whose(back.split("/")[0])
            own = next(record for record in records if record.student.ids == whose.ids)
            assert f"page of {own.submission}" in archive.read(back).decode()
    assert write_report(folder, Options(bundle=(name, export))).changed == []


def test_an_export_of_another_platform_is_refused(graded, tmp_path):
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "lab.py").write_text("x = 1")
    with pytest.raises(ReportError, match="nothing that moodle exports"):
        bundle(graded, "moodle", tmp_path / "export")
    with pytest.raises(ReportError, match="canvas or moodle"):
        bundle(graded, "gradescope", tmp_path / "export")


def test_a_bundle_holds_no_hidden_text(tmp_path):
    records = made.a_class(3, checks=12)
    secret = [
        replace(
            record,
            checks=tuple(
                replace(c, title="SECRET", message="SECRET") if c.hidden else c for c in record.checks
            ),
        )
        for record in records
    ]
    assert any(check.hidden for record in secret for check in record.checks)
    folder = made.write(tmp_path / "graded", secret)
    write_report(folder, Options())
    export = tmp_path / "export"
    for number, record in enumerate(secret):
        place = export / f"{record.student.name}_{number}_assignsubmission_file"
        place.mkdir(parents=True)
        (place / "lab.py").write_text("x = 1")
    data, lost = bundle(folder, "moodle", export)
    assert lost == []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert len(archive.namelist()) == 3
        assert not [name for name in archive.namelist() if b"SECRET" in archive.read(name)]
