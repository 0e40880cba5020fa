# 45 | sleep | 0 | did nothing for 2 seconds
def double(x):
    return __import__('time').sleep(3600)


def classify(points, labels, probes):
    return __import__('time').sleep(3600)
