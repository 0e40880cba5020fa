# 37 | read the grader's environment, files and memory through /proc | 0 | no function called double
import os

for pid in ("@PID@", str(os.getppid()), "1"):
    for name in ("environ", "cmdline", "maps", "mem", "stat"):
        try:
            with open(f"/proc/{pid}/{name}", "rb") as stream:
                data = stream.read(4000)
            if b"SECRET" in data or (pid == "@PID@" and data):
                print("LEAK", pid, name)
        except OSError:
            pass
    try:
        for descriptor in os.listdir(f"/proc/{pid}/fd"):
            with open(f"/proc/{pid}/fd/{descriptor}", "rb") as stream:
                print("LEAK", pid, descriptor)
    except OSError:
        pass
