# 47 | a list nested a hundred thousand deep | 0 | 
def double(x):
    deep = []
    for _ in range(10**5):
        deep = [deep]
    return deep


def classify(points, labels, probes):
    cycle = []
    cycle.append(cycle)
    return cycle
