"""What a worker behind each combination of layers can see and do, on this machine."""

from __future__ import annotations

import ast
import ctypes
import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import labkit
from labkit.course import CourseError
from labkit.grade.isolation import isolation_plan
from labkit.worker import Limits, Plan, Worker, WorkerFailed, WorkerUnavailable, process
from labkit.worker.isolation import candidates, view

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the layers are Linux's")

PROBE = """
import os


def tried(action):
    try:
        action()
        return "done"
    except OSError as error:
        return error.errno


def read(path):
    return tried(lambda: open(path, "rb").read(1))


def names(path):
    return sorted(os.listdir(path))


def write(path):
    return tried(lambda: open(path, "w"))


def fork():
    return tried(lambda: os.fork() or os._exit(0))


def connect():
    import socket

    return tried(socket.socket)


def kill(pid):
    return tried(lambda: os.kill(pid, 0))


def user():
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return [os.getuid(), status["CapEff"].strip(), status["CapBnd"].strip(), status["NoNewPrivs"].strip()]


def loop():
    while True:
        pass


def sleep():
    import time

    time.sleep(60)


def threads():
    import threading

    hold = threading.Event()
    try:
        while True:
            threading.Thread(target=hold.wait, daemon=True).start()
    except RuntimeError as error:
        started = threading.active_count()
        hold.wait(0.5)  # for long enough to be looked at
        return started, str(error)
"""


def possible() -> list[Plan]:
    found = []
    for plan in candidates():
        try:
            found.append(process.strongest_of([plan]))
        except WorkerUnavailable:
            continue
    return [plan for plan in found if plan.isolates]


PLANS = possible() if sys.platform == "linux" else []
each_kind = pytest.mark.parametrize("warm", [False, True], ids=["fresh", "warm"])
each_plan = pytest.mark.parametrize("plan", PLANS, ids=lambda plan: "+".join(plan.layers[6:-1]))


def started(plan: Plan, warm: bool = False) -> Worker:
    worker = Worker(plan=plan, keras=warm)
    worker.ask(Limits(20), verb="load", cells=[["probe.py", PROBE]])
    return worker


def ask(worker: Worker, function: str, *args, seconds: float = 20):
    return worker.ask(Limits(seconds), verb="call", function=function, args=list(args), kwargs={})["value"]


@each_kind
@each_plan
def test_a_worker_reads_its_libraries_and_nothing_of_the_course(plan, warm, tmp_path):
    secret = tmp_path / "solution.py"
    secret.write_text("x")
    package = os.path.dirname(process.__file__).removesuffix("/worker")
    with started(plan, warm) as worker:
        assert ask(worker, "read", os.__file__) == "done"
        assert ask(worker, "read", f"{package}/lazy.py") == "done"
        assert ask(worker, "write", "mine") == "done"
        for path in (
            secret,
            f"{package}/data/mnist.npz",
            f"{package}/check/run.py",
            "/etc/passwd",
            "/proc/1/mem",
        ):
            assert ask(worker, "read", str(path)) in (errno.EACCES, errno.ENOENT, errno.EPERM), path
        for path in (tmp_path / "new", "/tmp/labkit-new", f"{package}/lazy.py", "/dev/shm/new"):
            assert ask(worker, "write", str(path)) in (errno.EACCES, errno.ENOENT, errno.EROFS), path
        if not plan.namespaces:
            assert ask(worker, "read", f"/proc/{os.getpid()}/environ") == errno.EACCES
        uid, effective, bounds, no_new = ask(worker, "user")
        assert (uid != 0 or plan.user == "powerless") and int(effective, 16) == 0 and no_new == "1"
        assert int(bounds, 16) == 0 or os.getuid() != 0
    assert not os.path.exists(worker.folder)


@each_plan
def test_a_worker_can_import_all_that_labs_are_made_with(plan):
    parts = ("augment", "data", "examples", "gradients", "plots", "training")
    code = "".join(f"import labkit.{part}\n" for part in parts)
    with Worker(plan=plan) as worker:
        told = worker.ask(Limits(120), verb="load", cells=[["lab.py", code]])
        assert (told["notes"], told["fatal"]) == ([], None)


@each_kind
@each_plan
def test_a_worker_starts_no_process_and_opens_no_socket_where_calls_are_filtered(plan, warm):
    with started(plan, warm) as worker:
        if plan.seccomp:
            assert [ask(worker, name) for name in ("fork", "connect")] == [errno.EPERM] * 2
            assert ask(worker, "kill", 1) == errno.EPERM
        if plan.namespaces and not plan.landlock:
            assert ask(worker, "names", "/proc")[0:2] == ["1", "2"]
            shown = {"dev", "etc", "lib", "lib64", "nix", "proc", "sys", "tmp", "usr"}
            assert "mnt" not in ask(worker, "names", "/") and shown & set(ask(worker, "names", "/"))


@each_kind
@each_plan
@pytest.mark.parametrize(
    ("function", "sentence"), [("loop", "more than the 1 seconds"), ("sleep", "did nothing")]
)
def test_a_worker_that_hangs_is_ended_with_all_that_it_is(plan, warm, function, sentence):
    worker = started(plan, warm)
    family = [
        psutil.Process(worker.process.pid),
        *psutil.Process(worker.process.pid).children(recursive=True),
    ]
    with pytest.raises(WorkerFailed, match=sentence):
        ask(worker, function, seconds=1)
    assert not any(member.is_running() for member in family)
    with pytest.raises(WorkerFailed, match="gone"):
        ask(worker, "user")


@each_kind
@pytest.mark.parametrize("plan", PLANS[:1])
def test_a_worker_that_starts_threads_meets_its_own_limit_first(plan, warm):
    """Else it depended on the moment of a look from outside what becomes of it."""
    worker = started(plan, warm)
    try:
        count, error = ask(worker, "threads")
    finally:
        worker.close()
    assert count > 900 and "start new thread" in error


@pytest.mark.parametrize(  # the weakest and the strongest: each warm one imports Keras for itself
    ("plan", "warm"),
    [(plan, False) for plan in PLANS] + [(plan, True) for plan in dict.fromkeys(PLANS[:1] + PLANS[-1:])],
    ids=lambda value: "+".join(value.layers[6:-1]) if isinstance(value, Plan) else ["fresh", "warm"][value],
)
def test_nothing_survives_a_grader_that_is_killed(plan, warm, tmp_path):
    code = (
        "import sys, time\nfrom labkit.worker import Worker, Plan, Limits\n"
        "from labkit.worker.launch import warm_server\n"
        f"worker = Worker(plan=Plan.from_argument({plan.as_argument()!r}), keras={warm})\nworker.ready()\n"
        f"server = warm_server() if {warm} else worker\n"
        "pid = server.process.pid\n"
        "print(worker.process.pid, worker.folder, pid, server.folder, flush=True)\n"
        f"worker.ask(Limits(60), verb='load', cells=[['a.py', 'while True: pass']])\n"
    )
    grader = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    pid, folder, server, its_folder = grader.stdout.readline().split()
    started_by_it = [psutil.Process(int(pid)), psutil.Process(int(server))]
    family = started_by_it + [child for one in started_by_it for child in one.children(recursive=True)]
    time.sleep(0.3)
    os.kill(grader.pid, signal.SIGKILL)
    grader.wait()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive and not os.path.exists(folder) and not os.path.exists(its_folder)


def test_grading_is_refused_where_no_layer_can_be_had(monkeypatch):
    monkeypatch.setattr("labkit.grade.isolation.strongest_plan", Plan)
    with pytest.raises(CourseError, match="--isolation none"):
        isolation_plan("strongest")
    assert isolation_plan("none") == Plan()
    with pytest.raises(CourseError, match="strongest or none"):
        isolation_plan("weak")


def test_a_layer_that_cannot_be_had_is_no_weaker_worker(monkeypatch):
    plan = Plan(namespaces=True, user_namespace=True, user="separate", landlock=True)
    if os.getuid() == 0:
        pytest.skip("root may do this")
    with pytest.raises(WorkerUnavailable), Worker(plan=plan) as worker:
        worker.ready()


LOCKS = """
import multiprocessing
import multiprocessing.pool


def squares():
    with multiprocessing.pool.ThreadPool(3) as pool:
        return pool.map(lambda x: x * x, range(5))


def locks():
    lock, reentrant, two = multiprocessing.Lock(), multiprocessing.RLock(), multiprocessing.BoundedSemaphore(2)
    taken = [lock.acquire(), lock.acquire(block=False), lock.acquire(timeout=0.01)]
    lock.release()
    with reentrant, reentrant, two, two:
        taken.append(two.acquire(block=False))
    taken += [two.acquire(block=False), two.acquire(block=False)]
    two.release()
    two.release()
    try:
        two.release()
    except ValueError:
        taken.append("too many")
    return taken
"""


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: "+".join(plan.layers[6:]))
def test_threads_have_the_locks_of_processes(plan):
    with Worker(plan=plan) as worker:
        worker.ask(Limits(), verb="load", cells=[["lab.py", LOCKS]])
        assert ask(worker, "squares") == [0, 1, 4, 9, 16]
        assert ask(worker, "locks") == [True, False, False, False, True, True, "too many"]


def test_the_readable_trees_hold_nothing_private():
    package = os.path.dirname(os.path.realpath(labkit.__file__))
    readable = {path for tree in view.trees() for path, whole in tree.pieces() if whole}
    ours = {os.path.relpath(path, package) for path in readable if view.beneath(path, package)}
    modules = {f"data/{path.name}" for path in Path(package, "data").glob("*.py")}
    named = {public for public in view.PUBLIC if "*" not in public}
    assert ours == named | modules | {"data/LICENSE-MNIST.md"}
    assert not named & {"check", "grade", "author", "record", "platforms", "report"}
    assert not any(view.beneath(package + "/", path) or path == package for path in readable)


def test_what_may_be_read_needs_nothing_that_may_not():
    package = Path(os.path.realpath(labkit.__file__)).parent
    hidden = set(view._secrets(str(package)))
    public = [path for path in package.rglob("*.py") if not hidden & set(map(str, (path, *path.parents)))]
    names = {
        name
        for path in public
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in (
            [f"{node.module}.{alias.name}" for alias in node.names] + [node.module]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
        if name and name.startswith("labkit.")
    }
    modules = {package.joinpath(*name.split(".")[1:]) for name in names}
    needed = {
        str(path) for module in modules for path in (module, module.with_suffix(".py")) if path.exists()
    }
    assert not needed & hidden


def test_what_comes_to_this_package_is_hidden_until_somebody_allows_it(tmp_path):
    for name in ("worker/wire.py", "answers/all.py", "expected.py", "data/mnist.py", "data/labels.npz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    hidden = [os.path.relpath(path, tmp_path) for path in view._secrets(str(tmp_path))]
    assert hidden == ["answers", "data/labels.npz", "expected.py"]


def test_the_numbers_of_system_calls_are_the_kernels():
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        pytest.skip("libseccomp is not here to be asked")
    from labkit.worker.isolation import seccomp

    table = {**seccomp.REFUSED, **seccomp.SIGNALS, "clone": seccomp.CLONE, "clone3": seccomp.CLONE3}
    table |= {"prctl": seccomp.PRCTL, "prlimit64": seccomp.PRLIMIT64, "ioctl": seccomp.IOCTL}
    for name, numbers in table.items():
        for number, architecture in zip(numbers, (0xC000003E, 0xC00000B7), strict=True):
            known = library.seccomp_syscall_resolve_name_arch(architecture, name.encode())
            if known != -1:  # younger than this libseccomp
                assert known == number or (known < 0 and number is None), name


HALF_FURNISHED = """
import os, sys
from labkit.worker.isolation import guard, kernel
folder, machine = sys.argv[1:]
kernel.unshare(kernel.CLONE_NEWNS)
kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
kernel.mount("labkit", folder, "tmpfs", 0, "size=1m")
os.mkdir(folder + "/fonts")
kernel.mount(machine, folder + "/fonts", None, kernel.MS_BIND)
assert os.path.exists(folder + "/fonts/kept")
guard._remove(os.open(os.path.dirname(folder), os.O_RDONLY | os.O_DIRECTORY), os.path.basename(folder))
"""


@pytest.mark.skipif(
    not any(plan.namespaces and not plan.user_namespace for plan in PLANS), reason="needs root"
)
def test_a_guard_never_removes_what_is_mounted_in_the_folder(tmp_path):
    """A worker killed while its root is being furnished leaves folders of the machine there, still writable."""
    for name in ("worker", "machine"):
        (tmp_path / name).mkdir()
    (tmp_path / "machine" / "kept").write_text("x")
    arguments = [sys.executable, "-c", HALF_FURNISHED, tmp_path / "worker", tmp_path / "machine"]
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "machine" / "kept").read_text() == "x"
