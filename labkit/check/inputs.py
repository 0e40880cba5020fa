"""What inputs and seeds are drawn from: fixed in public runs, a secret in grading."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np


@dataclass(frozen=True)
class Inputs:
    """The draws for one submission. `salt` is None for public inputs; `sha256` is that of the file."""

    salt: bytes | None = None
    sha256: str = ""

    def seed(self, check: str) -> int:
        """The seed of the code under check: fixed for public runs, else drawn from the salt.

        One for the whole class, so that models that are equal begin with equal weights and are trained once.
        """
        return self._draw(check, b"")

    def own(self, check: str) -> int:
        """What the inputs that a verdict rests on are drawn from: they belong to one file."""
        # a submission learns its own seed, and must not be able to draw the inputs from it
        return self._draw(check, b"" if self.salt is None else b"\0inputs" + self.sha256.encode())

    def shared(self, check: str) -> int:
        """The same for inputs of the whole class, on which mistakes are told apart and nothing is decided."""
        return self._draw(check, b"" if self.salt is None else b"\0class")

    def _draw(self, check: str, purpose: bytes) -> int:
        secret = b"public" if self.salt is None else _stretched(self.salt)
        digest = hashlib.sha256(secret + b"\0" + check.encode() + purpose).digest()
        return int.from_bytes(digest[:7], "big")


def generator(number: int) -> np.random.Generator:
    """A fresh generator; equal numbers give equal inputs."""
    return np.random.default_rng(number)


@lru_cache(maxsize=4)
def _stretched(salt: bytes) -> bytes:
    """A secret from which the salt cannot be guessed: a submission sees its own seed, which comes from it."""
    return hashlib.scrypt(salt, salt=b"labkit", n=2**14, r=8, p=1)
