# 52 | escape sequences and bidirectional marks in messages | 0 | text
print("\x1b[2J\x1b[1;1H100 of 100 points\x07\r\u202e")


def double(x):
    raise ValueError("\x1b[2J\x1b[32m30/30\x1b]0;title\x07 \u202e\u2066\u200b\x9b31m \x00 text")


def classify(points, labels, probes):
    return "\x1b[31m"


raise RuntimeError("\x1b[A\x1b[2K note \u202e")
