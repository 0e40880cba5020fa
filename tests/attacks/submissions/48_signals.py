# 48 | signals to the grader, to the group, to everybody | 0 | no function called double
import os
import signal

for pid in (int("@PID@"), os.getppid(), 1, 0, -1):
    for number in (signal.SIGCONT, signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP):
        try:
            os.kill(pid, number)
            print("LEAK", pid, number)
        except OSError:
            pass
try:
    os.killpg(os.getpgid(0), signal.SIGKILL)
except OSError:
    pass
try:
    signal.pidfd_send_signal(os.pidfd_open(int("@PID@")), signal.SIGKILL)
except OSError:
    pass
