"""A real Chromium that looks at pages, with axe-core: for tests only, which are skipped where either is missing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

#: In which ways each page is looked at for barriers.
CONDITIONS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"scheme": "dark"},
    "forced colours": {"forced": True},
    "print": {"media": "print"},
    "320 pixels": {"width": 320},
    "200 %": {"width": 640, "scale": 2},
}


def missing() -> str | None:
    """What there is not to look with, as a sentence; None where all is there."""
    if CHROMIUM is None:
        return "there is no Chromium to look at pages with; install it, or name it in CHROMIUM"
    if shutil.which("node") is None:
        return "there is no Node.js to drive Chromium with"
    if not (HERE / "node_modules" / "axe-core").is_dir():
        return "axe-core and puppeteer-core are missing; run `npm ci --prefix tests/browser`"
    return None


needs_browser = pytest.mark.skipif(missing() is not None, reason=missing() or "")


def look(views: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is seen of each view: violations, requests, dialogs, errors, nodes, the answer to `ask`.

    A view has the `path` of a page, and some of: width, scale, scheme, forced, media, script, axe, ask, focus (what
    to focus before the `keys`), shot.
    """
    asked = [{**view, "url": Path(view["path"]).absolute().as_uri() + view.get("hash", "")} for view in views]
    asked = [{key: value for key, value in view.items() if key not in ("path", "hash")} for view in asked]
    done = subprocess.run(
        ["node", str(HERE / "look.mjs"), str(CHROMIUM)],
        input=json.dumps(asked), capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
