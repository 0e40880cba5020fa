# 26 | stop every clock, then take forever | 0 | more than the 2 seconds
import time

time.time = time.monotonic = time.perf_counter = time.process_time = lambda: 0.0
time.sleep = lambda seconds: None


def double(x):
    while True:
        time.time()


def classify(points, labels, probes):
    while True:
        time.sleep(1)
