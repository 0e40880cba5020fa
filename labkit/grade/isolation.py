"""How submissions are isolated while they are graded."""

from __future__ import annotations

from labkit.course import CourseError
from labkit.worker import Plan, strongest_plan


def isolation_plan(given: str) -> Plan:
    """The isolation for `strongest` or `none`. Raises CourseError where submissions could read the solution."""
    if given not in ("strongest", "none"):
        raise CourseError(f"--isolation is strongest or none, not {given!r}.")
    if given == "none":
        return Plan()
    plan = strongest_plan()
    if not plan.isolates:
        raise CourseError(
            "This system cannot keep submissions from reading the solution or other files: neither Landlock "
            "nor namespaces are available (see `labkit doctor`). Grade on Linux 5.13 or newer, or, where you "
            "trust every submission, with --isolation none."
        )
    return plan
