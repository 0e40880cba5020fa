# 45 | ignore every signal and catch every exception | 0 | more than the 2 seconds
import signal

for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass


def double(x):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass


def classify(points, labels, probes):
    return double(probes)
