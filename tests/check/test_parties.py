"""The reference and the known mistakes compute as a worker does."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from labkit.check.parties import InProcess

SUMS = """
from threadpoolctl import threadpool_info

def threads():
    return [pool["num_threads"] for pool in threadpool_info()]
"""


@pytest.mark.parametrize("threads", [1, 3])
def test_trusted_code_has_as_many_threads_as_a_worker(threads):
    assert np.ones(2) @ np.ones(2) == 2  # the library is there
    before = threadpool_info()
    reply = InProcess([["lab.py", SUMS]], threads).ask("call", function="threads", args=[], kwargs={})
    assert set(reply["value"]) == {threads}
    assert threadpool_info() == before
