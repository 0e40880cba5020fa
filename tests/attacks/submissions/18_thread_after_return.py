# 18 | change the answer after it was returned, and answer twice | 0 | 
import sys
import threading
import time

import numpy as np

from labkit.worker import wire


def double(x):
    frame = sys._getframe()
    while "answers" not in frame.f_locals:
        frame = frame.f_back
    pipe, answer = frame.f_locals["answers"], np.zeros_like(x)

    def later():
        for _ in range(1000):
            answer[:] = 2 * x + 1
            pipe.write(wire.encode({"id": "again", "status": "answered", "value": answer}))
            pipe.flush()
            time.sleep(0.001)

    threading.Thread(target=later).start()
    return answer


def classify(points, labels, probes):
    return np.zeros(len(probes))
