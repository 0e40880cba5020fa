"""A class that never was: records as `labkit grade` writes them, of as many students as one likes.

Students have abilities, checks have difficulties; wrong answers come in kinds, some with a name and some without; some
hand in late, nothing at all, a file that is no Python, or somebody else's code.
"""

from __future__ import annotations

import random
from pathlib import Path

from labkit.record import Answers, CheckResult, Choice, Code, Late, Misconception, Record, Student, Verdict
from labkit.record.signature import Signature, digest

FIRST = [
    "Ada",
    "Björn",
    "Chloé",
    "Dmitri",
    "Élodie",
    "Fatima",
    "Grace",
    "Hiroshi",
    "Ines",
    "João",
    "Kwame",
    "Lin",
    "María",
    "Nguyễn",
    "Olu",
    "Priya",
    "Qiang",
    "Rosa",
    "Søren",
    "Tomasz",
    "Uma",
    "Vít",
    "Wanjiru",
    "Xavier",
    "Yael",
    "Zoë",
    "明",
    "美咲",
]
LAST = [
    "Abebe",
    "Becker",
    "Çelik",
    "Dubois",
    "Eriksson",
    "Fischer",
    "García",
    "Haddad",
    "Ivanova",
    "Janssen",
    "Kowalski",
    "Lefèvre",
    "Müller",
    "Nakamura",
    "O'Neil",
    "Petrov",
    "Quispe",
    "Rossi",
    "Schmidt",
    "Tanaka",
    "Usman",
    "Vogel",
    "Wang",
    "Yılmaz",
    "Zhang",
]
QUESTIONS = ["1.1", "1.2", "1.3", "1.4", "1.5", "2.1", "2.2", "2.3", "2.4", "3.1", "3.2"]
WORDS = [
    "logits",
    "targets",
    "weights",
    "bias",
    "images",
    "labels",
    "batch",
    "rate",
    "loss",
    "gradient",
    "hidden",
    "momentum",
    "kernel",
    "stride",
]
SENTENCE = "Your rows do not sum to 1, the columns do: softmax was taken over axis 0."


def a_class(n: int, checks: int = 60, seed: int = 0, lab: str = "lab01_made") -> list[Record]:
    """The records of n students, in order of their names."""
    dice = random.Random(seed)
    plan = _plan(checks, dice)
    copied: list[Code] = []
    made = []
    for number in range(n):
        ability = dice.gauss(0, 1)
        copies = bool(copied) and n > 20 and dice.random() < 0.02
        code = tuple(copied) if copies else tuple(_code(question, dice, ability) for question in QUESTIONS)
        copied = list(code) if not copied or dice.random() < 0.02 else copied
        made.append(_record(number, ability, plan, code, dice, lab))
    return made


def write(folder: Path, records: list[Record]) -> Path:
    """The folder that `labkit grade` would have left, without its journal."""
    for record in records:
        place = folder / record.submission
        place.mkdir(parents=True, exist_ok=True)
        (place / "result.json").write_text(record.as_json(), encoding="utf-8")
    return folder


def _plan(checks: int, dice: random.Random) -> list[dict]:
    plan = []
    for number in range(checks):
        quiz = number >= checks - min(6, checks // 8)
        question = "quiz" if quiz else QUESTIONS[number * len(QUESTIONS) // checks]
        name = f"test_quiz_1_{checks - number}" if quiz else f"test_{WORDS[number % len(WORDS)]}_{number}"
        plan.append(
            {
                "id": name,
                "question": question,
                "title": f"The {WORDS[number % len(WORDS)]} are as they should be, number {number}.",
                "max_points": 0 if quiz else dice.choice([1, 2, 2, 3]),
                "hidden": not quiz and number % 5 == 4,
                "needs": ("1.2",) if question == "1.4" else (),
                "limit_seconds": 60.0 if question.startswith("3") else None,
                "hard": dice.gauss(-0.8, 0.8) + (1.5 if question == "1.4" else 0),
                "steep": -0.6 if number == 7 else dice.uniform(0.6, 1.6),
            }
        )
    return plan


def _record(
    number: int, ability: float, plan: list[dict], code: tuple[Code, ...], dice: random.Random, lab: str
) -> Record:
    name = f"{dice.choice(FIRST)} {dice.choice(LAST)}"
    student = Student(name=name, email=f"s{number:05}@example.edu", ids={"school": f"{400_000 + number}"})
    if dice.random() < 0.05:
        student = Student(
            name=name,
            ids={"school": f"{400_000 + number}"},
            group=(
                Student(
                    name=f"{dice.choice(FIRST)} {dice.choice(LAST)}", ids={"school": f"{800_000 + number}"}
                ),
            ),
        )
    unread = dice.random() < 0.01
    results = [_unread(check) if unread else _result(check, ability, dice) for check in plan]
    if not unread and not next(r for r in results if r.question == "1.2").verdict.passed:
        results = [_waiting(check, result) for check, result in zip(plan, results, strict=True)]
    raw = sum(result.points for result in results)
    most = sum(result.max_points for result in results)
    days = None if dice.random() < 0.02 else 0 if dice.random() < 0.85 else dice.randint(1, 4)
    penalty = min(raw, (days or 0) * 0.1 * most)
    late = Late(
        due="2026-10-01T23:59:00+02:00",
        submitted_at=None if days is None else f"2026-10-0{1 + days}T20:00:00+02:00",
        days_late=days,
        penalty=penalty,
        score_raw=raw,
        score=round(raw - penalty, 2),
        note="Nobody said when it was handed in; nothing was taken off for lateness." if days is None else "",
    )
    quiz = {
        result.id.removeprefix("test_"): Choice(
            f"What comes out of {result.id.removeprefix('test_quiz_')}?",
            {"a": "a NaN", "b": "zeros", "c": "the mean", "d": "one half"},
            "d" if result.verdict.passed else dice.choice("aab"),
        )
        for result in results
        if result.question == "quiz" and not unread
    }
    return Record(
        submission=f"{name.replace(' ', '_')}_{400_000 + number}",
        student=student,
        lab=lab,
        checks=tuple(results),
        notes=("lab.py, line 12: SyntaxError: '(' was never closed",) if unread else (),
        isolation=("landlock", "seccomp"),
        versions={"python": "3.11.7"},
        salt_id="0123456789ab",
        started_at="2026-10-03T08:00:00+00:00",
        late=late,
        file="lab.py",
        sha256=f"{number:064x}",
        answers=Answers() if unread else Answers(code=code, quiz=quiz),
    )


def _result(check: dict, ability: float, dice: random.Random) -> CheckResult:
    facts = {
        key: check[key]
        for key in ("id", "question", "title", "max_points", "hidden", "needs", "limit_seconds")
    }
    facts["seconds"] = round(dice.lognormvariate(-1, 0.6) * (60 if check["limit_seconds"] else 1), 3)
    if dice.random() < 1 / (1 + 2.718 ** -(1.7 * check["steep"] * (ability - check["hard"]))):
        return CheckResult(**facts, verdict=Verdict.PASSED, points=check["max_points"])
    kind = dice.random()
    if kind < 0.08:
        return CheckResult(**facts, verdict=Verdict.NOT_ATTEMPTED, points=0, message="not written yet")
    if kind < 0.12:
        return CheckResult(**facts, verdict=Verdict.ERROR, points=0, message="train: took longer than 60 s")
    sort = min(int(dice.expovariate(0.8)), 7)
    numbers = tuple(round(float(sort + 1) * (value + 1) / 7, 6) for value in range(24))
    sign = Signature(
        kind="values",
        ordinal=0,
        structure="s",
        shape=(4, 6),
        dtype="float64",
        of=24,
        scale=1.0,
        numbers=numbers,
    )
    sign = Signature(
        **{name: getattr(sign, name) for name in sign.__struct_fields__} | {"digest": digest(sign)}
    )
    mistake = Misconception(f"axis_{sort}", SENTENCE) if sort < 3 and check["question"] != "quiz" else None
    message = f"the values differ: expected 0.1, got {sort / 7:.3f}, at [0, {sort}]"
    return CheckResult(
        **facts, verdict=Verdict.FAILED, points=0, message=message, misconception=mistake,
        failure=None if check["question"] == "quiz" else sign,
    )  # fmt: skip


def _waiting(check: dict, result: CheckResult) -> CheckResult:
    if not check["needs"]:
        return result
    facts = {
        key: check[key]
        for key in ("id", "question", "title", "max_points", "hidden", "needs", "limit_seconds")
    }
    return CheckResult(**facts, verdict=Verdict.NOT_RUN, points=0, message="waiting for 1.2")


def _unread(check: dict) -> CheckResult:
    facts = {
        key: check[key]
        for key in ("id", "question", "title", "max_points", "hidden", "needs", "limit_seconds")
    }
    return CheckResult(**facts, verdict=Verdict.NOT_RUN, points=0, message="the file could not be read")


def _code(question: str, dice: random.Random, ability: float) -> Code:
    """About 500 characters of Python in the way of a student: their own names, order and detours."""
    name = f"answer_{question.replace('.', '_')}"
    names = dice.sample(WORDS, 4)
    lines = [
        f"def {name}({names[0]}, {names[1]}):",
        '    """What the starter says of it, in a line or two: shapes, dtype, errors."""',
    ]
    for step in range(dice.randint(4, 9)):
        left, right = dice.choice(names), dice.choice(names)
        lines.append(
            dice.choice(
                [
                    f"    {left} = np.{dice.choice(['exp', 'log', 'maximum', 'dot', 'sum', 'mean'])}({right}, {dice.choice(names)})",
                    f"    if {left}.shape[{step % 3}] > {dice.randint(0, 9)}:\n        {right} = {left} {dice.choice('+-*/')} {dice.choice(names)}",
                    f"    for row in range(len({left})):\n        {right}[row] = {left}[row] {dice.choice('+-*/')} {dice.randint(1, 5)}",
                    f"    {left} = {right}.{dice.choice(['sum', 'mean', 'max', 'reshape', 'astype'])}({dice.choice(['axis=1', '-1', 'keepdims=True'])})",
                ]
            )
        )
    return Code(question, name, "lab.py", 20, "\n".join([*lines, f"    return {names[0]}"]))
