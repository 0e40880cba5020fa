"""Who is who: one key for names, ids of one system only, and nobody where it is not certain."""

from __future__ import annotations

import string
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.course import CourseError
from labkit.people import Match, Register, Roster, may_be_one, name_key, read_roster, words_of
from labkit.platforms import whose
from labkit.record.found import Found
from labkit.record.student import LOGIN, SCHOOL, Student


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("Doe, Jane", "Jane Doe", True),
        ("DOE JANE", "Jane  Doe", True),
        ("José Peña", "jose pena", True),
        ("Ann O'Neil", "ONeil, Ann", True),
        ("Ann O’Neil", "Ann O'Neil", True),
        ("Max Groß", "GROSS, Max", True),
        ("Zoë Roe", "Zoe\u0308 Roe", True),
        ("Al Smith-Jones", "Smith Jones, Al", True),
        ("राम सिंह", "रम सिंह", False),
        ("Jane Doe", "Jane Roe", False),
        ("Jane", "Jane", False),  # nobody's whole name
        ("", "", False),
    ],
)
def test_names_have_one_key(a, b, same):
    assert (bool(name_key(a)) and name_key(a) == name_key(b)) == same


@given(st.lists(st.text(string.ascii_letters, min_size=1, max_size=6), min_size=2, max_size=4), st.randoms())
def test_the_order_of_words_case_and_commas_do_not_matter(words, random):
    turned = random.sample(words, len(words))
    assert name_key(" ".join(words).upper()) == name_key(f"{turned[0]}, {' '.join(turned[1:])}")


@pytest.mark.parametrize(
    ("a", "b", "maybe"),
    [
        ("Ann Poe", "Poe, A.", True),
        ("Jane Doe", "Jane Maria Doe", True),
        ("Zoë Müller", "Mueller, Zoe", True),
        ("Max Doe", "Jane Doe", False),  # a brother
        ("Team Alpha", "Jane Doe", False),
        ("Jane", "Jane Doe", False),
        ("", "Jane Doe", True),
    ],
)
def test_a_name_contradicts_or_not(a, b, maybe):
    one, other = Student(name=a), Student(name=b)
    assert may_be_one(one, other) == may_be_one(other, one) == maybe


@pytest.mark.parametrize(
    ("name", "maybe"),
    [("Doe, Jane", True), ("Jane Maria Doe", True), ("Roe, Max", False), ("Doe, Max", False)],
)
def test_a_name_run_together_contradicts_or_not(name, maybe):
    assert may_be_one(Student(run_together="doejane"), Student(name=name)) == maybe


SHEET = Register(
    [
        Student(ids={"canvas": "12", SCHOOL: "0042", LOGIN: "jdoe"}, name="Doe, Jane", email="jane@x.edu"),
        Student(ids={"canvas": "13", SCHOOL: "0012", LOGIN: "mroe"}, name="Roe, Max"),
        Student(ids={"canvas": "14", SCHOOL: "0044"}, name="Poe, Ann", email="family@x.edu"),
        Student(ids={"canvas": "15", SCHOOL: "0045"}, name="Poe, Ann", email="family@x.edu"),
    ]
)


@pytest.mark.parametrize(
    ("who", "place", "words"),
    [
        (Student(ids={"canvas": "12"}), 0, ""),
        (Student(ids={SCHOOL: "42"}), 0, ""),  # a spreadsheet took the zeros
        (Student(ids={SCHOOL: "12"}), 1, ""),  # and no number of Canvas'
        (Student(ids={"moodle": "12"}), None, ""),  # nor of Moodle
        (Student(name="jane DOE"), 0, ""),
        (Student(run_together="doejane"), 0, ""),
        (Student(email="JANE@x.edu"), 0, ""),
        (Student(ids={LOGIN: "jane@x.edu"}), 0, ""),
        (Student(ids={"canvas": "12"}, name="Max Roe"), None, "'Doe, Jane', though 'Roe, Max'"),
        (Student(ids={"canvas": "12"}, name="Kim Lee"), None, "an id is that of 'Doe, Jane'"),
        (Student(ids={SCHOOL: "99"}, name="Jane Doe"), None, "'Doe, Jane' has another id"),
        (Student(ids={SCHOOL: "99"}, name="Jane Doe", email="jane@x.edu"), 0, ""),
        (Student(name="Jane Doe", email="other@x.edu"), None, "another id"),
        (Student(name="Jane Doe", email="other@y.edu"), 0, ""),
        (Student(ids={"moodle": "12"}, name="Max Roe"), 1, ""),
        (Student(name="Ann Poe"), None, ""),
        (Student(name="Ann Poe", email="family@x.edu"), None, ""),
        (Student(ids={SCHOOL: "0045"}, name="Ann Poe", email="family@x.edu"), 3, ""),
        (Student(name="Jane Doe", namesake=True), None, "several students of that name"),
        (Student(), None, ""),
    ],
    ids=str,
)
def test_a_student_is_found_or_it_is_said_why_not(who, place, words):
    match = SHEET.find(who)
    assert match.place == place and words in match.doubt


def test_addresses_of_another_kind_contradict_nothing_where_that_is_seen_of_many():
    names = ["Ann Poe", "Bo Orr", "Cy Lee", "Di Fox", "Ed Kay"]
    rows = Register(Student(name=name, email=f"u{n}@x.edu") for n, name in enumerate(names))
    people = [Student(name=name, email=f"{name[:2].lower()}@x.edu") for name in names]
    assert rows.find(people[0]).place is None
    rows.compare_with(people)
    assert rows.find(people[0]).place == 0
    rows.compare_with([*people, Student(name="Ed Kay", email="u4@x.edu")])
    assert rows.find(people[0]).place is None


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("0042", 0),
        ("class/jdoe", 0),
        ("Doe, Jane", 0),
        ("Jane Doe_77", 0),
        ("doejane_77", 0),
        ("jane@x.edu", 0),
        ("jane/lab01", 0),  # before the @ of her address
        ("roe_12", 1),
        ("lab01_0042", 0),
        ("lab01_12", None),  # too short for an id
        ("poe_0012", None),  # his number, her name
        ("poe/0012", None),
        ("jdoe/0012", 0),  # what is deeper, a student chose
        ("jane doe and max roe", None),
        ("12", 1),
        ("nobody", None),
        ("", None),
    ],
)
def test_a_path_tells_somebody_or_nobody(path, place):
    assert SHEET.find_path(path).place == place


def test_what_a_platform_calls_a_download_is_read_as_that_platform_does():
    def canvas(part: str) -> Student | None:
        who, *numbers = part.split("_")
        return Student(ids={"canvas": numbers[0]}, run_together=who) if len(numbers) > 2 else None

    assert SHEET.find_path("doejane_12_0012_lab", download=canvas).place == 0
    assert SHEET.find_path("doejane_13_0012_lab", download=canvas) == Match(
        None, 0, "an id is that of 'Roe, Max', though 'Doe, Jane' has the name"
    )


# --- class lists -------------------------------------------------------------------------------------------------


def roster(tmp_path, text: str):
    (tmp_path / "class.csv").write_text(text, encoding="utf-8")
    return read_roster(tmp_path / "class.csv")


def of(*students: Student) -> list[Found]:
    return [Found(f"s{number}", Path("x"), None, student) for number, student in enumerate(students)]


@pytest.mark.parametrize(
    ("heading", "ids"),
    [
        ("ID,Student,SIS User ID,SIS Login ID,Section", {"canvas": "12", SCHOOL: "0042", LOGIN: "jdoe"}),
        ("ID,Student,Other,SIS Login ID,Section", {"canvas": "12", LOGIN: "jdoe"}),
        ("ID,Name,Student ID,Login,Section", {SCHOOL: "0042", LOGIN: "jdoe"}),
        ("ID,Name,Other,Login,Section", {SCHOOL: "12", LOGIN: "jdoe"}),
    ],
)
def test_of_several_ids_each_has_its_system(tmp_path, heading, ids):
    (student,) = roster(tmp_path, f'{heading}\n12,"Doe, Jane",0042,jdoe,A\n').students
    assert student.ids == ids


def test_a_gradebook_of_canvas_is_a_class_list(tmp_path):
    text = (
        'Student,ID,SIS User ID,SIS Login ID,Section\n    Points Possible,,,,\n"Doe, Jane",12,0042,jdoe,A\n'
    )
    assert [one.name for one in roster(tmp_path, text).students] == ["Doe, Jane"]


def test_who_stands_in_two_sections_is_one_student(tmp_path):
    found = roster(tmp_path, "id,name,section\n0042,Jane Doe,A\n0042,Jane Doe,B\n0107,Max Roe,A\n")
    matched = found.complete(of(Student(ids={SCHOOL: "0042"}, name="Jane Doe")))
    assert (matched.strangers, matched.absent) == ([], ["Max Roe"])


def test_no_member_of_a_group_is_absent_and_each_is_completed(tmp_path):
    listed = roster(
        tmp_path, "id,name,email\n1,Jane Doe,jane@x\n2,Max Roe,max@x\n3,Ann Poe,ann@x\n4,Kim Lee,kim@x\n"
    )
    team = Student(
        {SCHOOL: "1"},
        "Jane Doe",
        group=(Student(email="max@x"), Student(name="Ann Poe"), Student(name="Z Z")),
    )
    matched = listed.complete(of(team))
    first = matched.found[0].student
    assert [one.id for one in (first, *first.group)] == ["1", "2", "3", None]
    assert (matched.absent, matched.strangers) == (["Kim Lee"], ["s0 (Z Z)"])


def test_two_who_cannot_both_be_one_listed_student_are_neither(tmp_path):
    listed = roster(tmp_path, "id,name\n1,Jane Doe\n")
    matched = listed.complete(
        of(Student(ids={"canvas": "7"}, name="Jane Doe"), Student(ids={"canvas": "8"}, name="Jane Doe"))
    )
    assert [one.student.id for one in matched.found] == ["7", "8"] and len(matched.doubts) == 2
    assert matched.absent == []


@pytest.mark.parametrize(
    ("names", "known"),
    [
        (("ada@x.edu_1_lab", "ada@x.edu_2_lab", "bo@x.edu_1_lab"), "112"),  # Autolab
        (("ada@x.edu_1_HW1_1_12_lab", "bo@x.edu_1_HW1_1_13_lab"), "12"),  # PrairieLearn
        (("lab01-ada-l", "lab01-bo99"), "12"),  # GitHub's repositories
        (("course-hw2-ada-l/src/lab", "course-hw2-bo99/lab"), "12"),
        (("to ada@x.edu_1_2_lab", "for bo@x.edu_1_3_lab"), "--"),  # somebody's own words
        (("lab_1", "lab_2"), "--"),  # parts, or running numbers
        (("jane bo99", "jane ada-l"), "--"),  # a first name that is shared
    ],
)
def test_what_all_names_begin_with_says_nothing_and_an_address_says_who(tmp_path, names, known):
    listed = roster(
        tmp_path, "id,name,email,github username\n1,Ada Long,ada@x.edu,ada-l\n2,Bo Orr,bo@x.edu,bo99\n"
    )
    matched = listed.complete([Found(name, Path("x"), None, Student()) for name in names], whose)
    assert "".join(one.student.id or "-" for one in matched.found) == known


@pytest.mark.parametrize(
    ("listed", "student", "absent"),
    [
        (("1,Anna Schmidt", "2,Anna Schmidt", "3,Bo Orr"), Student(name="Anna Schmidt"), ["Bo Orr"]),
        (("1,Kim Lee", "2,Lee Kim", "3,Bo Orr"), Student(name="Kim Lee"), ["Bo Orr"]),
        (("1,Ada Long", "3,Bo Orr"), Student(ids={SCHOOL: "9"}, name="Ada Long"), ["Bo Orr"]),
        (("1,Ada Long", "3,Bo Orr"), Student(ids={SCHOOL: "3"}, name="Ada Long"), ["Bo Orr"]),
    ],
)
def test_whose_work_may_be_there_is_not_called_absent(tmp_path, listed, student, absent):
    matched = roster(tmp_path, "\n".join(["id,name", *listed])).complete(of(student))
    assert matched.absent == absent and matched.strangers == ["s0"]
    assert len(matched.doubts) == 1 and "s0: " in matched.doubts[0]


@pytest.mark.parametrize(
    ("listed", "name"),
    [("李娜", "李 娜"), ("李 娜", "李娜"), ("Łukasz Sørensen", "Lukasz Sorensen"), ("Işık Ay", "isik ay")],
)
def test_one_name_in_the_letters_of_two_systems(tmp_path, listed, name):
    matched = roster(tmp_path, f"id,name\n1,{listed}\n2,Bo Orr\n").complete(of(Student(name=name)))
    assert matched.found[0].student.id == "1"


def test_letters_that_make_one_word_here_are_not_two_names_there(tmp_path):
    matched = roster(tmp_path, "id,name\n1,Jane Doe\n2,Bo Orr\n").complete(of(Student(name="Jan Edoe")))
    assert matched.found[0].student.id is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("above", ["", "sep=;\n", "Deep Learning;;;\n;;;\n;Student;;\n\n"])
@pytest.mark.parametrize(
    "headings",
    [
        "Matrikelnummer;Nachname;Vorname;E-Mail",
        "Numéro étudiant;Nom;Prénom;Courriel",
        "Número de ID;Apellido(s);Nombre;Dirección de correo",
    ],
)
def test_class_lists_as_spreadsheet_programs_save_them(tmp_path, encoding, above, headings):
    text = ("\ufeff" if encoding == "utf-16-le" else "") + f"{above}{headings}\n0042;Müller;Ada;ada@x.edu\n"
    (tmp_path / "class.csv").write_bytes(text.encode(encoding))
    (student,) = read_roster(tmp_path / "class.csv").students
    assert student == Student(ids={SCHOOL: "0042"}, name="Ada Müller", email="ada@x.edu")


@pytest.mark.parametrize("text", ["2.02651E+11", "2,02651E+11", "1E+05"])
def test_an_id_that_a_spreadsheet_program_cut_is_refused_with_its_line(tmp_path, text):
    with pytest.raises(
        CourseError, match=r"class.csv:3: a spreadsheet program made .* download the list anew"
    ):
        roster(tmp_path, f'id;name\n0042;Ada\n"{text}";Bo\n')


# --- nobody is ever taken for somebody else ----------------------------------------------------------------------


@dataclass(frozen=True)
class Someone:
    """A student as all systems know one: numbers that mean somebody else in the next system."""

    number: int
    name: str
    ids: dict[str, str]
    email: str

    def seen(self, systems, name: bool, email: bool) -> Student:
        ids = {system: text for system, text in self.ids.items() if system in systems}
        return Student(name=self.name if name else None, email=self.email if email else None, ids=ids)


SYSTEMS = (SCHOOL, LOGIN, "canvas", "moodle")
NAMES = ("Jane Doe", "Doe Jane", "Max Doe", "Ann Poe", "A Poe", "Ann Maria Poe", "José Roe", "Jose Roe")


@st.composite
def classes(draw) -> list[Someone]:
    """A small class, so that numbers and names collide all the time."""
    size = draw(st.integers(1, 6))
    numbers = {
        system: draw(st.permutations(range(1, size + 2)).map(lambda some: [str(one) for one in some]))
        for system in (SCHOOL, "canvas", "moodle")
    }
    letters = draw(st.permutations("abcdefg"))
    names = [draw(st.sampled_from(NAMES)) for _ in range(size)]
    return [
        Someone(
            n,
            names[n],
            {LOGIN: letters[n] * 3, **{system: own[n] for system, own in numbers.items()}},
            f"{letters[-1 - n]}@x.edu",
        )
        for n in range(size)
    ]


def views():
    """What one place shows of students: some ids, the name, the address."""
    return st.tuples(st.sets(st.sampled_from(SYSTEMS)), st.booleans(), st.booleans())


@settings(max_examples=1000, deadline=None)
@given(classes(), views(), views(), views(), st.booleans(), st.data())
def test_nobody_is_taken_for_somebody_else(people, export, listing, sheet, listed, data):
    """Through an export, perhaps a class list, and a sheet that may lack some of the class."""
    names = [name_key(one.name) for one in people]
    if len(set(names)) < len(names):  # who shares a name is known as such by the class list alone
        listing = (listing[0], True, listing[2])
    on_sheet = [one for one in people if listed or data.draw(st.booleans(), "on the sheet")]
    if not listed and len(set(names)) < len(names):
        on_sheet = people
    handed_in = [one for one in people if data.draw(st.booleans(), "handed in")]
    found = of(*(one.seen(*export) for one in handed_in))
    if listed:
        from labkit.people import Roster, _namesakes

        matched = Roster(_namesakes([one.seen(*listing) for one in people])).complete(found)
        found = matched.found
        for entry, one in zip(found, handed_in, strict=True):
            for system, text in entry.student.ids.items():
                assert one.ids[system] == text
            assert entry.student.email in (None, one.email)
        on_sheet = [one for one in people if data.draw(st.booleans(), "on the sheet")]
    rows = Register(one.seen(*sheet) for one in on_sheet)
    rows.compare_with(entry.student for entry in found)
    for entry, one in zip(found, handed_in, strict=True):
        match = rows.find(entry.student)
        assert match.place is None or on_sheet[match.place] is one


@settings(max_examples=300, deadline=None)
@given(classes(), st.sets(st.sampled_from(SYSTEMS)))
def test_whoever_has_a_common_id_and_name_is_found(people, systems):
    """Caution does not go so far that nobody gets a grade."""
    rows = Register(one.seen(SYSTEMS, True, True) for one in people)
    for one in people:
        if systems:
            assert rows.find(one.seen(systems, True, False)).place == one.number


def test_words():
    assert words_of("José O'Neil-Doe") == ["jose", "oneil", "doe"]
    assert words_of(None) == []


def test_of_two_whose_name_is_one_word_nobody_is_taken_for_the_other():
    """One of them handed in, and the other one alone stands in the sheet."""
    listed = [Student(name="Poe", ids={"school": "1"}), Student(name="Poe", ids={"school": "3"})]
    found = Found("Poe_3", Path("x"), None, Student(name="Poe", ids={"moodle": "3"}))
    (matched,) = Roster(listed).complete([found]).found
    assert matched.student.namesake and Register(listed[:1]).find(matched.student).place is None
    (alone,) = Roster(listed[:1]).complete([found]).found
    assert alone.student.id == "1"
