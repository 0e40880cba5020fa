# 59 | names in full-width letters that pass a list of forbidden words | 0 | is None
import os


def double(x):
    return ｅｘｅｃ("os.ｓｙｓｔｅｍ('touch @OUT@/labkit-attack')")


def classify(points, labels, probes):
    return ｅｖａｌ("__import__('os').listdir('@COURSE@')")
