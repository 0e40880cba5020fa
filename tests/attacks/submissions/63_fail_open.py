# 63 | be killed before any verdict | 0 | could not be loaded
import os
import signal

os.kill(os.getpid(), signal.SIGKILL)
