"""The worker's own loop: go behind the layers, then read a request, answer it, until the pipe closes.

Requests arrive on descriptor 0 and answers leave on descriptor 1. Before any student code runs, the two
descriptors are moved out of the way: `print` and C code that writes to descriptor 1 reach the captured
output instead, never the answers.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any, NoReturn

from labkit.worker import isolation

NOT_ISOLATED = 71  # exit status: a layer of the plan could not be had


def run(plan: isolation.Plan, memory: int) -> NoReturn:
    """Be a worker in the present folder, which is its own, until the requests end; never returns."""
    try:
        isolation.enter(plan, os.getcwd(), memory)
        import labkit
        from labkit import lazy
        from labkit.worker import locks, wire
        from labkit.worker.session import Session
    except BaseException as problem:  # an interpreter that cannot read its own libraries any more, too
        os.write(2, f"{type(problem).__name__}: {problem}"[:500].encode("utf-8", "replace"))
        os._exit(NOT_ISOLATED)
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # input() meets the end of the file at once
    os.close(nothing)
    os.dup2(2, 1)
    output = io.TextIOWrapper(os.fdopen(1, "wb"), encoding="utf-8", errors="replace", line_buffering=True)
    sys.stdout = sys.stderr = output
    sys.argv = [""]
    lazy.install()
    locks.install()
    vars(labkit)["check"] = lambda *args, **kwargs: None  # a cell that checks is no answer
    session = Session()
    number = ""

    def say(message: dict[str, Any]) -> dict[str, Any] | None:
        """Say something before the answer, and hear what is said to it where it is a question."""
        answers.write(wire.encode({"id": number, **message}, largest=wire.MAX_ARRAY))
        answers.flush()
        if message["status"] != "asks":
            return None
        body = wire.read_frame(requests, limit=1 << 40)
        return None if body is None else wire.decode(body)

    session.say = say
    answers.write(wire.encode({"id": "ready"}))
    answers.flush()
    while (body := wire.read_frame(requests, limit=1 << 40)) is not None:
        request = wire.decode(body, session.objects.revive)
        number = request.pop("id")
        try:
            answer = session.handle(request)
        except BaseException as error:  # arguments that cannot be rebuilt, a broken store
            answer = {"status": "broken", "message": f"{type(error).__name__}: {error}"[:500]}
        try:
            frame = wire.encode({"id": number, **answer}, session.objects.instead, wire.MAX_ARRAY)
            if len(frame) > wire.MAX_FRAME:
                raise wire.WireError(
                    f"it holds {len(frame) / 1e9:.1f} GB; at most {wire.MAX_FRAME / 1e9:.1f} GB are read"
                )
        except wire.WireError as problem:
            frame = wire.encode({"id": number, "status": "unsendable", "message": str(problem)})
        except BaseException as error:  # of an object of the code under test, while it was read
            message = f"it could not be read: {type(error).__name__}"
            frame = wire.encode({"id": number, "status": "unsendable", "message": message})
        try:
            output.flush()
        except (OSError, ValueError):  # the code under test closed it
            pass
        answers.write(frame)
        answers.flush()
    sys.exit()
