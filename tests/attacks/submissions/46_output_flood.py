# 46 | print without end | 0 | more than the 2 seconds|did not answer|printed more than
def double(x):
    while True:
        print("flood " * 1000)


def classify(points, labels, probes):
    import os

    while True:
        os.write(2, b"flood" * 10000)
