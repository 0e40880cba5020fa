"""The same grading on other machines: tasks go to the workers of a dask.distributed cluster.

Every worker needs this version of labkit and its libraries, and the course's folder under the same path, on a
shared disk or as a copy; both are compared before anything is graded. The journal, the results and the salt
stay with the client, which sends each task what it needs. A worker that is lost costs nothing: the scheduler
gives its task to another one.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from labkit import lazy
from labkit.course import CourseError, Lab
from labkit.grade import task as tasks
from labkit.grade.one import Graded, live_answers
from labkit.record import versions
from labkit.worker import Plan, WorkerUnavailable, strongest_plan
from labkit.worker.launch import THREADS, thread_settings

_CONNECT_SECONDS = 20
_alone = threading.Lock()


@dataclass(frozen=True)
class Cluster:
    """An executor of a cluster, and how many tasks it should have at a time."""

    executor: Executor
    width: int


@contextlib.contextmanager
def cluster(address: str, labs: tuple[Lab, ...], plan: Plan) -> Iterator[Cluster]:
    """The cluster whose scheduler is at `address`, or with "local:N" one of N processes on this machine.

    Raises CourseError where it cannot be reached, has no workers, or a worker has other versions or files.
    """
    try:
        import distributed
    except ImportError:
        raise CourseError(
            "--scheduler needs dask.distributed, which is not installed: pip install 'labkit[cluster]'."
        ) from None
    with contextlib.ExitStack() as stack:
        if address.startswith("local:"):
            address = stack.enter_context(_local_cluster(distributed, address))
        try:
            client = stack.enter_context(distributed.Client(address, timeout=_CONNECT_SECONDS))
        except (OSError, TimeoutError, ValueError) as problem:
            raise CourseError(
                f"No scheduler answers at {address}: {problem or 'it took too long'}. Start one with `dask scheduler`, "
                "and workers with `dask worker ADDRESS`, or use --scheduler local:N."
            ) from None
        workers = _compared(client, labs, plan)
        executor = client.get_executor(pure=False)
        try:
            yield Cluster(_Wrapped(executor), 2 * workers)
        finally:
            executor.shutdown(wait=False)


def _local_cluster(distributed: Any, address: str):
    number = address.removeprefix("local:")
    if not number.isdigit() or not 1 <= int(number) <= 1024:
        raise CourseError(
            f"--scheduler {address}: after local: comes the number of processes, such as local:4."
        )
    return distributed.LocalCluster(
        n_workers=int(number),
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        memory_limit=0,  # student code has limits of its own, and lives in other processes
        env=thread_settings(),
        silence_logs=50,
    )


def _compared(client: Any, labs: tuple[Lab, ...], plan: Plan) -> int:
    """How many workers there are; all of them must give the records that this machine would give."""
    folders = [lab.solution for lab in labs if lab.solution]
    here = _state(folders)
    answers = client.run(_state, folders, on_error="return")
    # a connection that broke: the worker was lost meanwhile, and is no matter any more
    there = {worker: state for worker, state in answers.items() if not isinstance(state, OSError)}
    if not there:
        raise CourseError(
            f"The scheduler at {client.scheduler.address} has no workers; start some with "
            f"`dask worker {client.scheduler.address}`."
        )
    for worker, state in there.items():
        if isinstance(state, Exception):
            raise CourseError(f"The worker {worker} cannot grade: {type(state).__name__}: {state}.")
        for name, mine in here.items():
            if name != "isolation" and state.get(name) != mine:
                raise CourseError(
                    f"The worker {worker} has {name} {state.get(name) or 'nowhere'}, and here is {mine}; "
                    "all machines need the same, under the same path."
                )
        if plan.isolates and state["isolation"] != here["isolation"]:
            raise CourseError(
                f"The worker {worker} isolates submissions by {state['isolation'] or 'nothing'}, this machine by "
                f"{here['isolation']}; records would differ."
            )
    return len(there)


def _state(folders: list[Path]) -> dict[str, str]:
    """What decides about records, on the machine where this runs."""
    tasks.lab_hash.cache_clear()  # a worker may have lived since before the solution was mended
    live_answers.cache_clear()
    found = {name: str(version) for name, version in versions().items()}
    for folder in folders:
        found[str(folder)] = tasks.lab_hash(folder)[:12] if folder.is_dir() else ""
    try:
        found["isolation"] = ", ".join(strongest_plan().layers)
    except WorkerUnavailable:
        found["isolation"] = ""
    return found


class _Wrapped(Executor):
    """Submits tasks as the workers of a cluster are to carry them out."""

    def __init__(self, executor: Executor):
        self._executor = executor

    def submit(self, function, /, *args, **kwargs):
        if function is not tasks.carry_out:
            raise TypeError("a cluster carries out gradings and nothing else")
        (task,) = args
        return self._executor.submit(carry_out, replace(task, trainings=None))


def carry_out(task: tasks.Task) -> Graded:
    """Grade a task in a worker of the cluster, one at a time however many threads it has."""
    with _alone, _few_threads():
        if task.lab.uses_keras() and not lazy.is_loaded("keras"):
            with lazy.silence():
                lazy.load_keras()
        return tasks.carry_out(task)


@contextlib.contextmanager
def _few_threads() -> Iterator[None]:
    """As many threads for arithmetic as a grader process has: records must be the same to the last digit."""
    from threadpoolctl import threadpool_limits

    for name, value in thread_settings().items():  # TensorFlow reads them when it begins
        os.environ.setdefault(name, value)
    with threadpool_limits(THREADS):
        yield
