"""Large arrays reach a worker as memory that nobody else can change, and never more than was sent."""

from __future__ import annotations

import errno
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
    with pytest.raises(OSError) as refused:
        change(descriptor)
    assert refused.value.errno in (errno.EPERM, errno.EACCES)
    assert os.pread(descriptor, 56, 0) == np.arange(7.0).tobytes()
    os.close(descriptor)


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
    frame = b"".join(wire.encode_parts([small, large, [large]], apart, most=1))
    assert len(apart) == 1 and np.array_equal(apart[0], large)
    body = frame[8:]
    received = wire.decode(body, lambda count: [bytearray(large.tobytes())] * count)
    assert [a.tolist() for a in (received[0], received[1], received[2][0])] == [
        small.tolist(),
        large.tolist(),
        large.tolist(),
    ]
    with pytest.raises(wire.WireError, match="described by its dtype and shape"):
        wire.decode(body)


@pytest.mark.skipif(not can_fork(), reason="this system cannot fork")
def test_a_worker_works_on_its_own_copy_of_a_shared_array():
    digits = segments.share(np.ones((512, 784), "float32"))
    source = "def spoil(x):\n    x += 1\n    return [float(x.min()), float(x.max())]"
    limits = Limits(60)
    with Worker(keras=True) as worker:
        worker.ask(limits, verb="load", cells=[["spoil.py", source]])
        for _ in range(2):
            answer = worker.ask(limits, verb="call", function="spoil", args=[digits.reshape(-1)], kwargs={})
            assert answer["value"] == [2, 2]
    assert digits.min() == digits.max() == 1


def test_the_scaled_digits_are_those_of_mnist(scaled_mnist, mnist):
    assert scaled_mnist.x_train.dtype == np.float32 and not scaled_mnist.x_train.flags.writeable
    assert np.array_equal(np.round(scaled_mnist.x_test * 255), mnist.x_test)
    assert np.array_equal(scaled_mnist.y_train, mnist.y_train)
