# 34 | read test files, recorded answers, other submissions, the salt and MNIST's labels | 0 | no function called double
import os

PLACES = (
    "@COURSE@/solutions/lab01_target/test_lab.py",
    "@COURSE@/labs/lab01_target/recorded.npz",
    "@OUT@/salt",
    "@OUT@/journal.jsonl",
    "@HERE@/correct.py",
    "@LABKIT@/data/mnist.npz",
    "@LABKIT@/check/run.py",
    "/etc/shadow",
    "/etc/passwd",
)
for path in PLACES:
    try:
        with open(path, "rb") as stream:
            print("LEAK", path, stream.read(20))
    except OSError:
        pass
    try:
        os.symlink(path, "link")
        print("LEAK", open("link", "rb").read(20))
    except OSError:
        pass
    try:
        os.unlink("link")
    except OSError:
        pass
    try:
        os.link(path, "hard")
        print("LEAK", open("hard", "rb").read(20))
    except OSError:
        pass
