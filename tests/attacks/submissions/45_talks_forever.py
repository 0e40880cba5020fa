# 45 | say how far a training is, again and again, and never answer | 0 | more than the 2 seconds | did not answer within
import sys

from labkit.worker import wire


def double(x):
    frame = sys._getframe()
    while frame and "answers" not in frame.f_locals:
        frame = frame.f_back
    said = wire.encode({"id": frame.f_locals["number"], "status": "epoch", "epoch": 1, "epochs": 2})
    while True:
        try:
            while True:
                frame.f_locals["answers"].write(said)
                frame.f_locals["answers"].flush()
        except BaseException:
            pass


def classify(points, labels, probes):
    return double(probes)
