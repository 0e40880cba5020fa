# 43 | as many threads as there can be | 0 | 
import threading
import time


def double(x):
    while True:
        threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()


def classify(points, labels, probes):
    return double(probes)
