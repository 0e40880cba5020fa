"""Canvas' gradebook and Moodle's worksheet: the right grade in the right row, and nothing else changed."""

from __future__ import annotations

import csv
import io

import pytest
from msgspec.structs import replace

from labkit.platforms import ExportError, Request, export
from labkit.platforms.moodle import find_columns
from labkit.platforms.rows import one_each
from labkit.platforms.sheet import read_sheet, scaled
from labkit.record import Late, Record
from tests.platforms.records import check, record

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,lab01_toy (901),Essay (902),Total (read only)
    Points Possible,,,,,4.00,10.00,(read only)
"Doe, Jane",12,4711,jdoe,A,,7.00,70
"Roe, Richard",13,4712,rroe,A,1.00,,80
"Poe, Ann",14,4713,apoe,B,EX,6.00,60
"Poe, Ann",15,4714,apoe2,B,,5.00,50
"""


SYSTEMS = ("school", "login", "canvas", "moodle")


def passed(submission: str = "x", points: float = 4, **student) -> Record:
    """A result with that many of 4 points."""
    ids = {system: student.pop(system) for system in SYSTEMS if system in student}
    known = {"student": {**student, "ids": ids}} if student or ids else {}
    return record(submission, [check(verdict="failed", points=points)], **known)


def canvas(*results, sheet: str | bytes = CANVAS, **columns):
    data = sheet if isinstance(sheet, bytes) else sheet.encode()
    written = export(list(results), "canvas", Request(sheet=data, columns=columns))
    rows = list(csv.DictReader(io.StringIO(written.files["canvas.csv"].lstrip("\ufeff"))))
    return {row["ID"]: row.get("lab01_toy (901)") for row in rows if row["ID"]}, written


@pytest.mark.parametrize(
    "student",
    [
        {"submission": "4711"},
        {"submission": "JDOE"},
        {"submission": "Doe, Jane"},
        {"submission": "jane doe"},
        {"submission": "class/jdoe"},
        {"submission": "doejane_12_34567_lab01.py"},
        {"submission": "doejane_LATE_12_34567_lab01-2"},
        {"submission": "doejane_12", "canvas": "12"},
        {"school": "4711"},
        {"login": "jdoe"},
        {"email": "jdoe"},
        {"name": "Jane Doe"},
        {"id": "unknown", "name": "DOE, Jane"},
        {"moodle": "12", "name": "DOE, Jane"},
        {"canvas": "12", "school": "4711", "submission": "doejane_12"},
        {"canvas": "99", "name": "Z Z", "group": [{"ids": {"school": "4711"}}], "submission": "team"},
    ],
    ids=str,
)
def test_canvas_finds_a_student_by_any_sure_mark(student):
    grades, _ = canvas(passed(points=3, **student))
    assert grades == {"12": "3.00", "13": "1.00", "14": "EX", "15": ""}


@pytest.mark.parametrize(
    ("student", "words"),
    [
        ({"submission": "nobody"}, "not in the gradebook"),
        ({"submission": "jane"}, "not in the gradebook"),
        ({"name": "Ann Poe"}, "fits 2 rows"),
        ({"canvas": "12", "name": "Somebody Else"}, "an id is that of 'Doe, Jane'"),
        ({"canvas": "14", "school": "4711"}, "fits 2 rows"),
        ({"school": "99", "name": "Jane Doe"}, "has another id there"),
        ({"id": "", "name": ""}, "not in the gradebook"),
        # numbers of other systems, whoever has them in this one
        ({"submission": "12"}, "not in the gradebook"),
        ({"id": "4711"}, "not in the gradebook"),
        ({"school": "12"}, "not in the gradebook"),
        ({"moodle": "12"}, "not in the gradebook"),
        ({"moodle": "12", "name": "Somebody Else"}, "not in the gradebook"),
    ],
    ids=str,
)
def test_who_is_not_certain_gets_no_grade_and_is_named(student, words):
    grades, written = canvas(passed(points=3, **student))
    assert grades == {"12": "", "13": "1.00", "14": "EX", "15": ""}
    assert len(written.notes) == 1 and words in written.notes[0], written.notes


def test_two_results_for_one_row_are_told_apart_by_their_attempt_or_not_at_all():
    first, second = passed("a", 1, school="4711", attempt=1), passed("b", 3, school="4711", attempt=2)
    assert canvas(first, second)[0]["12"] == canvas(second, first)[0]["12"] == "3.00"
    too_many = replace(second, late=Late(score=3, counted=False))
    assert canvas(first, too_many)[0]["12"] == "1.00"
    grades, written = canvas(passed("a", 1, school="4711"), passed("b", 3, school="4711"))
    assert grades["12"] == "" and "'a' and 'b' are for the same row" in written.notes[0]


def test_excused_students_stay_excused():
    grades, written = canvas(passed(school="4713"))
    assert grades["14"] == "EX" and "excused" in written.notes[0]


def test_canvas_keeps_who_is_who_and_only_the_labs_columns():
    _, written = canvas(passed(school="4711"))
    text = written.files["canvas.csv"]
    assert text.splitlines()[:2] == [
        "Student,ID,SIS User ID,SIS Login ID,Section,lab01_toy (901)",
        "    Points Possible,,,,,4.00",
    ]
    assert len(text.splitlines()) == 6


@pytest.mark.parametrize("column", ["902", "Essay (902)"])
def test_a_column_is_named_by_id_or_whole_header(column):
    _, written = canvas(passed(school="4711", points=2), **{"": column})
    assert '"Doe, Jane",12,4711,jdoe,A,5.00' in written.files["canvas.csv"]  # 2 of 4 is 5 of 10
    assert "has 10 points, the lab 4" in written.notes[0]


def test_several_labs_go_to_their_columns():
    other = replace(passed(school="4711", points=1), lab="lab02")
    _, written = canvas(passed(school="4711"), other, lab02="902")
    assert '"Doe, Jane",12,4711,jdoe,A,4.00,2.50' in written.files["canvas.csv"]
    other = replace(other, lab="lab02_essay")
    _, written = canvas(passed(school="4711"), other, lab02="902")
    assert '"Doe, Jane",12,4711,jdoe,A,4.00,2.50' in written.files["canvas.csv"]


@pytest.mark.parametrize(
    ("sheet", "columns", "words"),
    [
        (None, {}, "--sheet FILE"),
        (b"", {}, "no rows"),
        (b"\xff\xfe", {}, "not UTF-8"),
        (b"PK\0\0", {}, "no text"),
        (b"a,b\n1,2\n", {}, "no columns Student and ID"),
        (CANVAS.replace("lab01_toy", "Lab 1").encode(), {}, "Lab 1 (901), Essay (902)"),
        (CANVAS.encode(), {"": "77"}, "No column of the gradebook is '77'"),
        (CANVAS.encode(), {"": "12"}, "No column"),
        (CANVAS.encode(), {"": "ID"}, "No column"),
        (CANVAS.replace("Essay", "lab01_toy").encode(), {}, "More than one column"),
        (CANVAS.encode(), {"": "Total (read only)"}, "computes 'Total (read only)' itself"),
        (
            CANVAS.replace("Essay", "Lab 1 Final Score").encode(),
            {"": "902"},
            "with 'Final Score' in its title",
        ),
    ],
)
def test_a_sheet_that_cannot_be_filled_gets_a_sentence(sheet, columns, words):
    with pytest.raises(ExportError) as raised:
        export([passed()], "canvas", Request(sheet=sheet, columns=columns))
    assert words in str(raised.value)


def test_the_dialect_of_the_sheet_stays():
    text = "\ufeff" + CANVAS.replace(",", ";").replace('"Doe; Jane"', '"Doe, Jane"').replace("4.00", "4,00")
    request = Request(sheet=text.replace("\n", "\r\n").encode())
    text = export([passed(school="4711", points=2.5)], "canvas", request).files["canvas.csv"]
    assert text.startswith("\ufeffStudent;ID;") and text.endswith("\r\n") and ";2,50\r\n" in text


# --- Moodle -------------------------------------------------------------------------------------------------------

ENGLISH = "Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,Last modified (submission),Last modified (grade),Feedback comments"
GERMAN = "ID,Vollständiger Name,E-Mail-Adresse,Status,Bewertung,Bestwertung,Bewertung kann geändert werden,Zuletzt geändert (Abgabe),Zuletzt geändert (Bewertung),Feedback als Kommentar"
FRENCH = "Identifiant,Nom complet,Adresse de courriel,Statut,Note,Note maximale,La note peut être modifiée,Dernière modification (travail remis),Dernière modification (note),Feedback par commentaires"
SPANISH = "Identificador,Nombre completo,Dirección de correo,Estado,Calificación,Calificación máxima,La calificación puede ser cambiada,Última modificación (entrega),Última modificación (calificación),Comentarios de retroalimentación"
#: Basque: not in the table, but the participants and addresses speak for themselves.
BASQUE = "Identifikatzailea,Izen osoa,E-posta,Egoera,Kalifikazioa,Gehienekoa,Alda daiteke,Bidalketa,Azken aldaketa,Iruzkinak"


def moodle(
    *results,
    header: str = ENGLISH,
    participant: str = "Participant ",
    yes: str = "Yes",
    most="4.00",
    **request,
):
    rows = [
        f'{participant}501,Jane Doe,jane@example.edu,"Submitted",,"{most}",{yes},-,-,',
        f'{participant}4711,Richard Roe,rich@example.edu,"Submitted",1.00,"{most}",{yes},-,-,by hand',
    ]
    sheet = "\n".join([header, *rows]) + "\n"
    written = export(list(results), "moodle", Request(sheet=sheet.encode(), **request))
    rows = list(csv.reader(io.StringIO(written.files["moodle.csv"])))
    assert rows[0] == header.split(",")
    return [row[4] for row in rows[1:]], rows, written.notes


@pytest.mark.parametrize(
    ("header", "participant", "yes", "no"),
    [
        (ENGLISH, "Participant ", "Yes", "No"),
        (GERMAN, "Teilnehmer/in", "Ja", "Nein"),
        (FRENCH, "Participant ", "Oui", "Non"),
        (SPANISH, "Participante ", "Sí", "No"),
    ],
)
def test_a_worksheet_in_any_known_language_is_filled_in(header, participant, yes, no):
    result = passed("Jane Doe_501_assignsubmission_file_/lab", points=3)
    language = {"header": header, "participant": participant}
    grades, rows, _ = moodle(result, **language, yes=yes)
    assert grades == ["3.00", "1.00"] and rows[1][9].startswith("<div><p>labkit: 3 of 4 points</p>")
    assert rows[1][7:9] == ["-", "-"] and rows[2][9] == "by hand"
    grades, _, notes = moodle(result, **language, yes=no)
    assert grades == ["", "1.00"] and "locked" in notes[0]


def test_an_unknown_language_needs_the_grades_column_only():
    result = passed("x", points=3, email="jane@example.edu")
    with pytest.raises(ExportError, match="Kalifikazioa"):
        moodle(result, header=BASQUE, participant="Partaidea ")
    grades, _, _ = moodle(result, header=BASQUE, participant="Partaidea ", columns={"": "Kalifikazioa"})
    assert grades == ["3.00", "1.00"]


@pytest.mark.parametrize(
    ("result", "grades"),
    [
        (passed("Jane Doe_501", 3, moodle="501", name="Jane Doe"), ["3.00", "1.00"]),
        (passed("x", 3, email="RICH@example.edu"), ["", "3.00"]),
        (passed("Richard Roe", 3), ["", "3.00"]),
        # a matriculation number is no participant's number, even where it looks like one
        (passed("x", 3, school="4711"), ["", "1.00"]),
        # and another name in the row of the number is another person
        (passed("x", 3, moodle="501", name="Richard Roe"), ["", "1.00"]),
    ],
)
def test_moodle_finds_the_participant(result, grades):
    assert moodle(result)[0] == grades


def test_a_maximum_is_found_by_what_stands_in_its_column_or_it_is_said_that_there_is_none():
    result, column = passed("x", points=3, email="jane@example.edu"), {"": "Kalifikazioa"}
    grades, _, notes = moodle(result, header=BASQUE, participant="Partaidea ", most="8,00", columns=column)
    assert grades == ["6,00", "1.00"] and "has 8 points, the lab 4" in notes[0]
    sheet = "Partaidea,E-posta,Kalifikazioa\nPartaidea 501,jane@example.edu,\n"
    written = export([result], "moodle", Request(sheet=sheet.encode(), columns=column))
    assert ",3.00" in written.files["moodle.csv"] and "does not say its maximum" in written.notes[0]


def test_grades_are_written_as_the_worksheet_writes_numbers_and_in_its_points():
    result = passed("Jane Doe_501_assignsubmission_file_", 3)
    assert moodle(result, most="4,00")[0][0] == "3,00"
    grades, _, notes = moodle(result, most="100.00")
    assert grades[0] == "75.00" and any("100 points, the lab 4" in note for note in notes)


def test_a_comment_by_somebody_else_stays_and_ours_is_renewed():
    result = passed("x", 3, email="rich@example.edu")
    assert moodle(result)[1][2][9] == "by hand"
    sheet = f"{ENGLISH}\nParticipant 9,R Roe,rich@example.edu,,,4.00,Yes,-,-,<p>labkit: 0 of 4 points</p>\n"
    text = export([result], "moodle", Request(sheet=sheet.encode())).files["moodle.csv"]
    assert "labkit: 3 of 4" in text and "0 of 4 points" not in text


def test_what_a_teacher_wrote_around_our_feedback_stays():
    result, header = (
        passed("x", 3, email="rich@example.edu"),
        f"{ENGLISH}\nParticipant 9,R Roe,rich@example.edu,,,4.00,Yes,-,-,",
    )
    for before, after in (("", "<p>See me.</p>"), ("<p>Well done.</p>", ""), ("<p>a</p>", "<p>b</p>")):
        ours = "<div><p>labkit: 0 of 4 points</p></div>"
        written = export([result], "moodle", Request(sheet=f"{header}{before}{ours}{after}\n".encode()))
        said = next(csv.reader(io.StringIO(written.files["moodle.csv"].splitlines()[1])))[9]
        assert said.startswith(f"{before}<div><p>labkit: 3 of 4") and said.endswith(f"</div>{after}")
    # before it had an element of its own, nobody could tell where ours ends: then all of it stays
    written = export(
        [result], "moodle", Request(sheet=f"{header}<p>labkit: 0 of 4 points</p><p>See me.</p>\n".encode())
    )
    assert "<p>See me.</p>" in written.files["moodle.csv"] and "1 row had a comment" in written.notes[-1]


TEAMS = "Identifier,Full name,Email address,Group,Grade,Maximum grade\n" + "".join(
    f"Participant {number},{name},,{team},,4.00\n"
    for number, name, team in (
        (12, "Jane Doe", "Team Beta"),
        (13, "Max Roe", "Team Alpha"),
        (14, "Ann Poe", "Team Alpha"),
    )
)


@pytest.mark.parametrize(
    ("name", "grades"),
    [("Team Alpha", ["", "3.00", "3.00"]), ("Jane Doe", ["3.00", "", ""]), ("Team Gamma", ["", "", ""])],
)
def test_a_teams_number_is_nobodys_and_each_of_its_members_gets_the_grade(name, grades):
    written = export([passed("x", 3, moodle="12", name=name)], "moodle", Request(sheet=TEAMS.encode()))
    rows = list(csv.reader(io.StringIO(written.files["moodle.csv"])))
    assert [row[4] for row in rows[1:]] == grades
    assert name != "Team Gamma" or "'Team Gamma' (12)" in written.notes[0]


@pytest.mark.parametrize("hidden", [False, True])
def test_feedback_does_not_tell_of_hidden_checks(hidden):
    secret = check("secret", verdict="failed", hidden=hidden)
    result = record("x", [secret], student={"email": "jane@example.edu"})
    said = moodle(result)[1][1][9]
    assert ("message of secret" in said) == ("Title of secret" in said) == (not hidden)


def test_an_assignment_graded_in_words_takes_no_points():
    with pytest.raises(ExportError, match="on a scale"):
        moodle(passed(), header=ENGLISH.replace("Maximum grade", "Scale"))


def test_one_worksheet_is_one_lab():
    with pytest.raises(ExportError, match="several labs"):
        moodle(passed(), replace(passed(), lab="other"))


def test_columns_are_found_by_what_stands_in_them():
    sheet = read_sheet(b"ID,Grade,Key,Kontakt\n7,,Lerner 12,a@b.c\n8,,Lerner 13,d@e.f\n", "a sheet")
    columns = find_columns(sheet)
    assert (columns["identifier"], columns["email"], columns["grade"]) == (2, 3, 1)


# --- what both rest on --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "most", "sheet", "grade"),
    [(3, 4, 4.0, 3), (3, 4, None, 3), (3, 4, 100, 75), (1, 3, 10, 3.33), (0, 0, 10, 0), (3, 4, 0, 3)],
)
def test_scaling(score, most, sheet, grade):
    assert scaled(score, most, sheet) == grade


def test_one_result_for_each_student():
    first, second = passed("a", 1, school="1", attempt=1), passed("b", 3, school="1", attempt=2)
    assert one_each([second, first]) == ([second], ())
    team = passed("team", 3, school="1", attempt=2, group=[{"ids": {"school": "2"}, "name": "Ann Poe"}])
    assert [one.student.id for one in one_each([team])[0]] == ["1", "2"]
    assert one_each([team])[0][1].student.attempt == 2
    kept, notes = one_each(
        [passed("a", 1, school="1"), passed("b", 3, school="1"), passed("c", 3, school="2")]
    )
    assert [result.submission for result in kept] == ["c"] and "'a' and 'b' are both of '1'" in notes[0]
