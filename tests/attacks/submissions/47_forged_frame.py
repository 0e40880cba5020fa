# 47 | an answer that claims 2**60 bytes, then an array that claims more than it brings | 0 | at most 268435456 are read
import json
import os
import struct
import sys


def send(data):
    frame = sys._getframe()
    while "answers" not in frame.f_locals:
        frame = frame.f_back
    frame.f_locals["answers"].write(data)
    frame.f_locals["answers"].flush()
    os._exit(0)


def double(x):
    send(struct.pack("<QI", 2**60, 100) + b"{" * 100)


def classify(points, labels, probes):
    header = json.dumps({"tree": {"array": 0}, "arrays": [["<f8", [2**40, 2**20]]]}).encode()
    send(struct.pack("<QI", 4 + len(header), len(header)) + header)
