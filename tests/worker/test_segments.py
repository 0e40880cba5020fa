"""Large arrays reach a worker as memory that nobody else can change, and never more than was sent."""

from __future__ import annotations

import errno
import gc
import mmap
import os
import socket

import numpy as np
import pytest

from labkit.worker import Limits, Worker, segments, wire
from labkit.worker.launch import can_fork

pytestmark = pytest.mark.skipif(not segments.POSSIBLE, reason="this system has no sealed memory")


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def descriptors(ends, *arrays) -> list[int]:
    segments.send(ends[0], list(arrays))
    return list(socket.recv_fds(ends[1], 1, len(arrays))[1])


def test_what_is_sent_arrives_and_belongs_to_the_receiver(ends):
    sent = [np.arange(300_000, dtype="<f4"), segments.share(np.arange(7.0))]
    for _ in range(2):
        segments.send(ends[0], sent)
        for array, segment in zip(sent, segments.receive(ends[1], 2), strict=True):
            arrived = np.frombuffer(segment, array.dtype)
            assert np.array_equal(array, arrived)
            arrived[:] = -1  # the next to receive it sees nothing of that
    assert sent[0][1] == sent[1][1] == 1


CHANGES = {
    "write": lambda descriptor: os.pwrite(descriptor, b"x", 0),
    "truncate": lambda descriptor: os.ftruncate(descriptor, 1),
    "extend": lambda descriptor: os.ftruncate(descriptor, 1 << 20),
    "map": lambda descriptor: mmap.mmap(descriptor, 56, mmap.MAP_SHARED, mmap.PROT_WRITE),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("array", [np.arange(7.0), segments.share(np.arange(7.0))], ids=["copied", "shared"])
def test_nobody_can_change_it(ends, array, change):
    (descriptor,) = descriptors(ends, array)
    writable = os.open(f"/proc/self/fd/{descriptor}", os.O_RDWR)
    with pytest.raises(OSError) as refused:
        change(writable)
    assert refused.value.errno in (errno.EPERM, errno.EACCES)
    assert os.pread(descriptor, 56, 0) == np.arange(7.0).tobytes()
    os.close(writable)
    os.close(descriptor)


@pytest.mark.parametrize("share", [False, True])
def test_a_position_in_it_is_nobody_elses(ends, share):
    """A worker could leave a number there for the next one."""
    array = segments.share(np.arange(9.0)) if share else np.arange(9.0)
    first, second = descriptors(ends, array, array)
    os.lseek(first, 12345, os.SEEK_SET)
    (third,) = descriptors(ends, array)
    assert os.lseek(second, 0, os.SEEK_CUR) == os.lseek(third, 0, os.SEEK_CUR) == (0 if share else 72)
    for descriptor in (first, second, third):
        os.close(descriptor)


def test_when_it_was_read_is_nobody_elses_to_know(ends):
    shared = segments.share(np.arange(300_000.0))
    for _ in range(2):
        (descriptor,) = descriptors(ends, shared)
        assert os.fstat(descriptor).st_atime_ns == 0
        os.pread(descriptor, 1, 0)
        os.close(descriptor)


def test_a_shared_array_keeps_its_place_when_nobody_else_holds_it():
    address = segments.share(np.ones(300_000)).ctypes.data
    gc.collect()
    with open("/proc/self/maps") as lines:
        assert any(line.startswith(f"{address:x}-") and "memfd:labkit" in line for line in lines)


def test_a_shared_array_is_passed_without_a_copy_but_only_as_a_whole(ends):
    images = segments.share(np.arange(24.0).reshape(2, 3, 4))
    assert not images.flags.writeable and np.array_equal(images, np.arange(24.0).reshape(2, 3, 4))
    whole, reshaped, part, other = descriptors(ends, images, images.reshape(2, 12), images[:1], images + 0)
    inodes = [os.fstat(descriptor).st_ino for descriptor in (whole, reshaped, part, other)]
    assert inodes[0] == inodes[1] and len(set(inodes)) == 3
    assert os.fstat(part).st_size == images[:1].nbytes  # the other half is not in there
    for descriptor in (whole, reshaped, part, other):
        os.close(descriptor)


def test_only_large_arrays_travel_apart_and_only_where_they_are_fetched():
    large, small = np.arange(200_000.0), np.arange(3.0)
    apart = []
    frame = b"".join(wire.encode_parts([small, large, [large]], apart=apart, most=1))
    assert len(apart) == 1 and np.array_equal(apart[0], large)
    body = frame[8:]
    received = wire.decode(body, fetch=lambda count: [bytearray(large.tobytes())] * count)
    assert [a.tolist() for a in (received[0], received[1], received[2][0])] == [
        small.tolist(),
        large.tolist(),
        large.tolist(),
    ]
    with pytest.raises(wire.WireError, match="described by its dtype and shape"):
        wire.decode(body)


SPOILS = """
def spoil(x):
    x += 1
    with open("/proc/self/maps") as lines:
        mapped = any("memfd:labkit" in line for line in lines)
    return [float(x.min()), float(x.max()), mapped]
"""
forked = pytest.mark.skipif(not can_fork(), reason="this system cannot fork")


def warm(source: str, **how) -> Worker:
    worker = Worker(keras=True, **how)
    worker.ask(Limits(60), verb="load", cells=[["lab.py", source]])
    return worker


def spoilt(worker: Worker, array: np.ndarray):
    return worker.ask(Limits(60), verb="call", function="spoil", args=[array], kwargs={})["value"]


@forked
def test_a_worker_works_on_its_own_copy_of_a_shared_array():
    digits = segments.share(np.ones((512, 784), "float32"))
    with warm(SPOILS) as worker:
        for _ in range(2):
            assert spoilt(worker, digits.reshape(-1)) == [2, 2, True]
    assert digits.min() == digits.max() == 1


@forked
@pytest.mark.parametrize("error", [errno.EMFILE, errno.ENOMEM, errno.EAGAIN])
def test_an_array_that_cannot_go_that_way_goes_through_the_pipe(monkeypatch, error):
    def refused(*_):
        raise OSError(error, "no")

    monkeypatch.setattr(segments, "send", refused)
    with warm(SPOILS) as worker:
        assert spoilt(worker, np.ones((512, 784), "float32")) == [2, 2, False]


@forked
def test_so_does_what_one_worker_gets_beyond_a_share_of_its_memory():
    large = np.ones(2**18, "float32")  # 1 MiB
    with warm(SPOILS, memory_limit=2**30) as worker:
        ways = [spoilt(worker, large)[2] for _ in range(258)]
    assert ways == [True] * 256 + [False] * 2


@forked
def test_a_worker_can_only_receive_there():
    source = (
        "import os, socket\n"
        "def send():\n"
        "    channel = socket.socket(fileno=os.dup(3))\n"
        "    return [attempt(channel) for attempt in ATTEMPTS]\n"
        "def tried(attempt):\n"
        "    def errno_of(channel):\n"
        "        try:\n"
        "            attempt(channel)\n"
        "            return 0\n"
        "        except OSError as error:\n"
        "            return error.errno\n"
        "    return errno_of\n"
        "ATTEMPTS = [tried(lambda c: c.sendmsg([b'x'])), tried(lambda c: socket.send_fds(c, [b'x'], [3]))]\n"
    )
    with warm(source) as worker:
        answer = worker.ask(Limits(60), verb="call", function="send", args=[], kwargs={})
    assert answer["value"] == [errno.EPERM] * 2


@forked
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_numpy_and_tensorflow_use_as_many_threads_as_they_are_told(threads):
    source = (
        "import os, threadpoolctl\n"
        "def threads():\n"
        "    found = {pool['num_threads'] for pool in threadpoolctl.threadpool_info()}\n"
        "    return [sorted(found), os.environ['TF_NUM_INTRAOP_THREADS']]\n"
    )
    with warm(source, threads=threads) as worker:
        answer = worker.ask(Limits(60), verb="call", function="threads", args=[], kwargs={})
    available = min(threads, os.cpu_count() or 1)
    assert answer["value"][1] == str(threads) and set(answer["value"][0]) <= {threads, available}


def test_the_scaled_digits_are_those_of_mnist(scaled_mnist, mnist):
    assert scaled_mnist.x_train.dtype == np.float32 and not scaled_mnist.x_train.flags.writeable
    assert np.array_equal(np.round(scaled_mnist.x_test * 255), mnist.x_test)
    assert np.array_equal(scaled_mnist.y_train, mnist.y_train)
