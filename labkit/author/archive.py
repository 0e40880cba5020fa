"""Archives whose bytes depend on what is in them alone: no clock, no order of a file system, no user."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from collections.abc import Collection, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

import labkit

_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say
_LEFT_OUT = ("__pycache__", ".pyc")


def zip_bytes(files: Mapping[str, bytes], executable: Collection[str] = ()) -> bytes:
    """A zip of files by name, in the order of their names; those that are executable say so."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.external_attr = (0o100755 if name in executable else 0o100644) << 16
            entry.create_system = 3  # Unix, so that the modes count
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name])
    return stream.getvalue()


@cache
def wheel() -> tuple[str, bytes]:
    """The name and bytes of a wheel of labkit as it is installed here, MNIST included.

    So an archive installs the labkit that it was released with, wherever it is unpacked.
    """
    found = metadata.distribution("labkit")
    information = f"labkit-{found.version}.dist-info"
    files = package_files()
    files[f"{information}/METADATA"] = _metadata(found)
    files[f"{information}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: labkit\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    files[f"{information}/entry_points.txt"] = (found.read_text("entry_points.txt") or "").encode()
    files[f"{information}/RECORD"] = _record(files, f"{information}/RECORD")
    return f"labkit-{found.version}-py3-none-any.whl", zip_bytes(files)


def package_files() -> dict[str, bytes]:
    """The files of the installed package, by their path from `labkit/` on."""
    root = Path(labkit.__file__).parent
    paths = [path for path in root.rglob("*") if path.is_file() and not str(path).endswith(".pyc")]
    return {
        path.relative_to(root.parent).as_posix(): path.read_bytes()
        for path in paths
        if not set(path.parts) & set(_LEFT_OUT)
    }


def requirements() -> str:
    """What pip installs beside the wheel: every direct dependency at the version that is installed here."""
    needed = [text for text in metadata.requires("labkit") or [] if "extra ==" not in text]
    names = [re.split(r"[^A-Za-z0-9._-]", text, maxsplit=1)[0] for text in needed]
    pins = sorted({f"{name}=={metadata.version(name)}" for name in names}, key=str.lower)
    return "\n".join([f"./{wheel()[0]}", *pins]) + "\n"


def _metadata(found: metadata.Distribution) -> bytes:
    """Without the long description, which is a page about this repository."""
    text = found.read_text("METADATA") or found.read_text("PKG-INFO") or ""
    return (text.split("\n\n", 1)[0] + "\n").encode()


def _record(files: Mapping[str, bytes], own_name: str) -> bytes:
    lines = []
    for name in sorted(files):
        digest = base64.urlsafe_b64encode(hashlib.sha256(files[name]).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(files[name])}")
    return "\n".join([*lines, f"{own_name},,", ""]).encode()
