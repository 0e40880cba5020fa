# 37 | attach to the grader and read its memory | 0 | no function called double
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for pid in (int("@PID@"), os.getppid(), 1):
    if libc.ptrace(16, pid, 0, 0) == 0 or libc.ptrace(0x4206, pid, 0, 0) == 0:
        print("LEAK ptrace", pid)
    buffer = ctypes.create_string_buffer(64)
    vector = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 64)
    if libc.process_vm_readv(pid, vector, 1, vector, 1, 0) >= 0:
        print("LEAK memory", pid)
    descriptor = libc.syscall(434, pid, 0)
    if descriptor >= 0:
        print("LEAK pidfd", pid)
