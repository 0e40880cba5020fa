# 54 | spreadsheet formulas and new rows in the table of grades | 0 | HYPERLINK
def double(x):
    raise ValueError("=HYPERLINK(\"http://x\")\nalice,lab01,100,100\n\"@SUM(1)")


def classify(points, labels, probes):
    return "=1+1"


raise RuntimeError("=cmd|' /C calc'!A0\n,100,100\r\n+1")
