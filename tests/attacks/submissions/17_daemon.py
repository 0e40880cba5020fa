# 17 | leave a process behind | 0 | Operation not permitted
import os
import subprocess
import time


def double(x):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(3600)
    os._exit(0)


def classify(points, labels, probes):
    subprocess.Popen(["sleep", "3600"], start_new_session=True)
