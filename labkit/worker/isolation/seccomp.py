"""A seccomp filter: system calls that a submission has no use for fail with EPERM.

Everything else is allowed, up to the newest system call known here; younger ones do not exist for the
process (ENOSYS). It may start threads but no processes and no programs, opens no socket, and sends
signals to itself only. Calls of another architecture kill it. Assembled by hand, because libseccomp is
not on every machine; numbers from the kernel's unistd tables for x86-64 and for 64-bit ARM.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from labkit.worker.isolation import kernel
from labkit.worker.isolation.plan import Plan

# fmt: off
#: Refused system calls: their numbers on x86-64 and on aarch64, None where there is no such call.
REFUSED = {
    # other programs
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "process_mrelease": (448, 448), "kcmp": (312, 272),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "setsid": (112, 157), "setpgid": (109, 154), "setpriority": (141, 140), "ioprio_set": (251, 30),
    "sched_setscheduler": (144, 119), "sched_setparam": (142, 118), "sched_setattr": (314, 274),
    "sched_setaffinity": (203, 122), "migrate_pages": (256, 238), "move_pages": (279, 239),
    # network
    "socket": (41, 198), "connect": (42, 203), "accept": (43, 202), "accept4": (288, 242),
    "bind": (49, 200), "listen": (50, 201), "sendmsg": (46, 211), "sendmmsg": (307, 269),
    # memory and queues that outlive or bypass a process
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "shmdt": (67, 197), "semget": (64, 190),
    "semop": (65, 193), "semctl": (66, 191), "semtimedop": (220, 192), "msgget": (68, 186),
    "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187), "mq_open": (240, 180),
    "mq_unlink": (241, 181), "memfd_create": (319, 279), "memfd_secret": (447, 447),
    # what Landlock does not guard: modes, owners, times, attributes, watches
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "lchown": (94, None), "fchown": (93, 55), "fchownat": (260, 54),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    "truncate": (76, 45), "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263), "inotify_init": (253, None), "inotify_init1": (294, 26),
    "inotify_add_watch": (254, 27),
    # other views of the machine
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "move_mount": (429, 429), "open_tree": (428, 428), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442), "statmount": (457, 457),
    "listmount": (458, 458), "unshare": (272, 97), "setns": (308, 268),
    # kernel
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "seccomp": (317, 277), "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "personality": (135, 92),
    "modify_ldt": (154, None), "iopl": (172, None), "ioperm": (173, None),
    # administration
    "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89),
    "quotactl": (179, 60), "quotactl_fd": (443, 443), "nfsservctl": (180, 42), "lookup_dcookie": (212, 18),
    "vhangup": (153, 58), "syslog": (103, 116), "sysfs": (139, None), "ustat": (136, None),
    "uselib": (134, None), "_sysctl": (156, None), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "clock_adjtime": (305, 266), "adjtimex": (159, 171), "sethostname": (170, 161),
    "setdomainname": (171, 162),
}
# fmt: on
#: System calls that depend on an argument.
CLONE, CLONE3 = (56, 220), (435, 435)
SIGNALS = {
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
}
PRCTL, PRLIMIT64, IOCTL, FCNTL = (157, 167), (302, 261), (16, 29), (72, 25)
NEWEST = 462  # mseal, Linux 6.10

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_CLONE_THREAD = 0x10000
_FILE_CONTROLS = (
    *(0x5412, 0x541C),  # TIOCSTI and TIOCLINUX type into a terminal
    *(0x40086602, 0x401C5820),  # FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR: marks on a file that others see
)
_FILE_HINTS = (1036, 1038)  # F_SET_RW_HINT, F_SET_FILE_RW_HINT: the same
_PROCESS_CONTROLS = (
    *(kernel.PR_SET_PDEATHSIG, kernel.PR_SET_DUMPABLE, kernel.PR_SET_SECCOMP, kernel.PR_SET_CHILD_SUBREAPER),
    *(35, 0x59616D61),  # PR_SET_MM, PR_SET_PTRACER
)
_SET_MODE_FILTER, _SPEC_ALLOW = 1, 4
_SECCOMP = {"x86_64": 317, "aarch64": 277}

# classic BPF, linux/filter.h
_LOAD, _EQUAL, _GREATER, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_X32 = 0x40000000


def available() -> bool:
    """Whether the kernel filters system calls and this architecture is known here."""
    try:
        return kernel.machine() in _ARCHITECTURES and kernel.prctl(kernel.PR_GET_SECCOMP) >= 0
    except OSError:
        return False


def restrict(plan: Plan, folder: str) -> None:
    """Filter this process and all that it starts, for good, whatever the plan. Raises OSError."""
    program = assemble(kernel.machine(), os.getpid())
    code = ctypes.create_string_buffer(program, len(program))

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]

    filter_ = Program(len(program) // 8, ctypes.addressof(code))
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    number = _SECCOMP[kernel.machine()]
    try:  # without the flag, kernels before 5.16 slow the whole process down against Spectre
        kernel.syscall(number, _SET_MODE_FILTER, _SPEC_ALLOW, ctypes.byref(filter_), what="seccomp")
    except OSError:
        kernel.syscall(number, _SET_MODE_FILTER, 0, ctypes.byref(filter_), what="seccomp")


def assemble(machine: str, pid: int) -> bytes:
    """The filter for one architecture and the one process that may be sent signals."""
    column, architecture = _ARCHITECTURES[machine]
    refuse = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
    unknown = (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)
    allow, kill = (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _KILL)
    code = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, architecture), kill, (_LOAD, 0, 0, _NUMBER)]
    if machine == "x86_64":
        code += [(_ANY_BIT, 0, 1, _X32), kill]
    code += [(_GREATER, 0, 1, NEWEST), unknown, (_EQUAL, 0, 1, CLONE3[column]), unknown]  # glibc falls back
    for numbers in REFUSED.values():
        refused = numbers[column]
        if refused is not None:
            code += [(_EQUAL, 0, 1, refused), refuse]

    def depending(number: int, argument: int, *tests: tuple) -> None:
        body = [(_LOAD, 0, 0, _ARGUMENTS + 8 * argument), *tests]
        code.extend([(_EQUAL, 0, len(body), number), *body])

    depending(CLONE[column], 0, (_ANY_BIT, 1, 0, _CLONE_THREAD), refuse, allow)
    for numbers in SIGNALS.values():
        depending(numbers[column], 0, (_EQUAL, 1, 0, pid), refuse, allow)
    depending(PRLIMIT64[column], 0, (_EQUAL, 2, 0, 0), (_EQUAL, 1, 0, pid), refuse, allow)
    controls = ((PRCTL, 0, _PROCESS_CONTROLS), (IOCTL, 1, _FILE_CONTROLS), (FCNTL, 1, _FILE_HINTS))
    for number, argument, values in controls:
        tests = [test for value in values for test in ((_EQUAL, 0, 1, value), refuse)]
        depending(number[column], argument, *tests, allow)
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in [*code, allow])
