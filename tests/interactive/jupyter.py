"""A notebook carried out in a real JupyterLab, in a headless Chromium. By hand, for any lab:

python -m tests.interactive.jupyter lab05 FOLDER      # pictures of every screen into FOLDER
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from labkit.author.notebook import starter_notebook
from labkit.author.starter import with_checks, without_marks
from labkit.course import Lab, read_course

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
_QUIET = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: Every cell is in the page, however far one has scrolled, and nothing lies above it.
_SETTINGS: dict[str, dict[str, Any]] = {
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
_STATE = """() => {
  const code = [...document.querySelectorAll('.jp-Notebook .jp-CodeCell')];
  const prompts = code.map(cell => cell.querySelector('.jp-InputPrompt')?.textContent ?? '');
  return {
    waiting: prompts.filter(text => text.includes('*') || !/[0-9]/.test(text)).length,
    errors: [...document.querySelectorAll('.jp-RenderedText[data-mime-type="application/vnd.jupyter.stderr"], .jp-RenderedText[data-mime-type="application/vnd.jupyter.error"]')].map(e => e.textContent.slice(0, 2000)),
    checks: [...document.querySelectorAll('.labkit-cell')].map(cell => ({
      text: cell.textContent,
      passed: cell.querySelectorAll('.verdict.passed').length,
      others: [...cell.querySelectorAll('.verdict:not(.passed)')].map(verdict => ({
        colour: getComputedStyle(verdict).color,
        text: verdict.closest('li').textContent.replace(/\\s+/g, ' ').trim(),
      })),
    })),
    pictures: [...document.querySelectorAll('.jp-OutputArea img')].map(img => img.naturalWidth),
    untold: [...document.querySelectorAll('.jp-OutputArea img')].filter(img => !img.alt).length,
    stopped: prompts.length,
  };
}"""


_READY = """() => document.querySelector('.jp-Dialog') || document.body.textContent.includes('| Idle')"""


def answered(lab: Lab, *more: str) -> str:
    """The lab's notebook with all answers filled in and its check cells; `more` are cells at its end."""
    notebook = json.loads(
        starter_notebook(without_marks(with_checks(lab.source.read_text("utf-8"))), lab.name)
    )
    for number, code in enumerate(more):
        cell = {"cell_type": "code", "id": f"more-{number}", "metadata": {}, "source": code, "outputs": []}
        notebook["cells"].append({**cell, "execution_count": None})
    return json.dumps(notebook)


@contextmanager
def jupyterlab(folder: Path, course: Path) -> Iterator[str]:
    """A JupyterLab that shows a folder; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = folder / ".jupyter"
    for extension, values in _SETTINGS.items():
        path = own / "settings" / "@jupyterlab" / f"{extension}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    environment = {**os.environ, **{name: str(own / name.lower()) for name in names}}
    environment |= {"JUPYTERLAB_SETTINGS_DIR": str(own / "settings"), "LABKIT_COURSE": str(course)}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    command += ["--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    log = bytearray()
    try:
        threading.Thread(target=lambda: log.extend(server.stderr.read()), daemon=True).start()
        for _ in range(240):
            with socket.socket() as there:
                if there.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if server.poll() is not None:
                raise RuntimeError(log.decode()[-2000:])
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=60)


def carried_out(notebook: str, course: Path, minutes: float, pictures: Path | None = None) -> dict[str, Any]:
    """Open a notebook, run all its cells, and return what its page then holds; pictures of it into a folder."""
    from playwright.sync_api import sync_playwright

    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "lab.ipynb").write_text(notebook, encoding="utf-8")
        with jupyterlab(folder, course) as address, sync_playwright() as playwright:
            context = playwright.chromium.launch_persistent_context(
                folder / ".profile",
                executable_path=CHROMIUM,
                headless=True,
                args=["--no-sandbox", "--disable-gpu", *_QUIET],
                viewport={"width": 1200, "height": 1500},
            )
            page = context.pages[0]
            page.goto(f"{address}/lab/tree/lab.ipynb", timeout=120_000)
            page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=120_000)
            page.wait_for_function(_READY, timeout=120_000)
            if select := page.query_selector(".jp-Dialog button[aria-label='Select Kernel']"):
                select.click()
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            state, end = {}, time.monotonic() + 60 * minutes
            while time.monotonic() < end:
                page.wait_for_timeout(2000)
                state = page.evaluate(_STATE)
                if not state["waiting"]:
                    break
            page.wait_for_timeout(2000)
            state = page.evaluate(_STATE)
            if pictures is not None:
                _photograph(page, pictures)
            context.close()
    return state


def _photograph(page: Any, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, cell in enumerate(page.query_selector_all(".jp-Notebook .jp-CodeCell")):
        if cell.query_selector(".jp-OutputArea-child"):
            cell.scroll_into_view_if_needed()
            cell.screenshot(path=folder / f"cell-{number:02d}.png")


if __name__ == "__main__":
    repository = Path(__file__).parent.parent.parent
    chosen = read_course(repository).lab(sys.argv[1])
    seen = carried_out(answered(chosen, *sys.argv[3:]), repository, 60, Path(sys.argv[2]))
    print(json.dumps(seen, indent=1, ensure_ascii=False))
