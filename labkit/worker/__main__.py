"""A worker in a fresh interpreter: `python -I -m labkit.worker PLAN MEMORY`."""

import sys

from labkit.worker import loop
from labkit.worker.isolation import Plan

if __name__ == "__main__":
    loop.run(Plan.from_argument(sys.argv[1]), int(sys.argv[2]))
