# 53 | type commands into the instructor's terminal | 0 | no function called double
import ctypes
import os

for name in ("/dev/tty", "/dev/pts/0", "/dev/console", "/proc/self/fd/0", "/dev/stdin"):
    try:
        descriptor = os.open(name, os.O_RDWR)
    except OSError:
        continue
    os.write(descriptor, b"100 of 100 points")
for descriptor in range(10):
    for character in b"touch labkit-attack\n":
        if ctypes.CDLL(None).ioctl(descriptor, 0x5412, ctypes.byref(ctypes.c_char(character))) == 0:
            print("LEAK")
