"""A process that has imported Keras and forks workers: `python -I -m labkit.worker.server` on a socket.

It runs no TensorFlow operation, because a process that has run one cannot fork any more, and never meets
a secret: all it is told is where a worker's folder lies and behind which layers the worker goes. A message
on descriptor 0 is one worker, its four descriptors with it: requests, answers, output, and a pipe for how it
ended. The answer is its process number and a pidfd.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import shutil
import socket
import struct
import sys
import tempfile
import warnings
from typing import Any, NoReturn

REQUEST_BYTES = 65536


def main() -> None:
    """Import, say so, and fork a worker for each request until the other end is closed."""
    grader = socket.socket(fileno=os.dup(0))
    try:
        _prepare()
    except Exception as problem:
        grader.send(json.dumps({"problem": f"{type(problem).__name__}: {problem}"[:500]}).encode())
        return
    grader.send(json.dumps({"problem": None}).encode())
    try:
        _serve(grader)
    finally:  # a grader that was killed cannot
        shutil.rmtree(os.getcwd(), ignore_errors=True)


def _serve(grader: socket.socket) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(grader, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not grader:
                    _report_end(selector, key)
                elif not _start_one(grader, selector):
                    return


def _prepare() -> None:
    from labkit.worker import launch, loop  # noqa: F401  - what no worker need import or find out again
    from labkit.worker.isolation import guard, kernel, namespaces, restrictions, view  # noqa: F401
    from labkit.worker.session import warm

    warm()
    restrictions()
    view.trees()
    view.aliases()
    warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 on forking beside NumPy's own threads
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)  # a worker of the same user must not look in
    gc.collect()
    gc.freeze()  # a collection in a worker then leaves the shared pages alone
    kernel.use_huge_pages()


def _start_one(grader: socket.socket, selector: selectors.BaseSelector) -> bool:
    message, descriptors, _, _ = socket.recv_fds(grader, REQUEST_BYTES, 4)
    if not message:
        return False
    *pipes, report = descriptors
    request = json.loads(message)
    pid = os.fork()
    if pid == 0:
        _become_worker(request, pipes)
    for descriptor in pipes:
        os.close(descriptor)
    ended = os.pidfd_open(pid)
    selector.register(ended, selectors.EVENT_READ, (pid, report))
    socket.send_fds(grader, [json.dumps({"id": request["id"], "pid": pid}).encode()], [ended])
    return True


def _report_end(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    pid, report = key.data
    _, status = os.waitpid(pid, 0)
    selector.unregister(key.fileobj)
    os.close(key.fd)
    try:
        os.write(report, struct.pack("=i", os.waitstatus_to_exitcode(status)))
    except OSError:  # nobody asks any more
        pass
    os.close(report)


def _become_worker(request: dict[str, Any], pipes: list[int]) -> NoReturn:
    """Look like a fresh interpreter of its own: descriptors, session, environment, folder."""
    status = 70
    try:
        from threadpoolctl import threadpool_limits

        from labkit.worker import loop
        from labkit.worker.isolation import Plan, kernel
        from labkit.worker.launch import THREADS

        safe = [os.dup2(pipe, 100 + place) for place, pipe in enumerate(pipes)]
        for place, descriptor in enumerate(safe):
            os.dup2(descriptor, place)
        # the grader's socket, and what belongs to other workers
        os.closerange(len(pipes), os.sysconf("SC_OPEN_MAX"))
        os.setsid()
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        tempfile.tempdir = None
        if request["threads"] != THREADS:  # of NumPy, which has read the environment already
            threadpool_limits(request["threads"])
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # else its own /proc/self would not be writable to it
        loop.run(Plan(**request["plan"]), request["memory"])
    except SystemExit:
        status = 0
    except BaseException as problem:
        os.write(2, f"{type(problem).__name__}: {problem}"[:500].encode("utf-8", "replace"))
    finally:
        try:
            sys.stdout.flush()
        except (OSError, ValueError):
            pass
        os._exit(status)  # not through what the server would do at its own end


if __name__ == "__main__":
    main()
