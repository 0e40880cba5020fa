# 45 | stop oneself with a signal that cannot be ignored | 0 | 
import os
import signal


def double(x):
    os.kill(os.getpid(), signal.SIGSTOP)


def classify(points, labels, probes):
    signal.pause()
