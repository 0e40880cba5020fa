# 13 | answer with statuses and fields that no worker sends | 0 | something other than the answer
import os
import sys

from labkit.worker import values, wire

ANSWERS = iter(
    [
        {"status": "unsendable"},
        {"status": "broken"},
        {"status": "raised"},
        {"status": ["answered"]},
        {"status": "answered", "value": values.Handle("x")},
    ]
)


def forge():
    frame = sys._getframe()
    while frame and "answers" not in frame.f_locals:
        frame = frame.f_back
    frame.f_locals["answers"].write(wire.encode({"id": frame.f_locals["number"], **next(ANSWERS)}))
    frame.f_locals["answers"].flush()
    os._exit(0)


def double(x):
    forge()


def classify(points, labels, probes):
    forge()
