"""Classroom 50 runs this in the student's checkout. It writes result.json there.

Beside it lie labkit, the public checks and the recorded answers: Classroom 50 publishes this folder, so it holds
no solution. Exit status 0: graded, whatever the marks; anything else: the runner is at fault.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

bundle = Path(__file__).resolve().parent
with tempfile.TemporaryDirectory() as folder:
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = str(Path(folder) / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "-r", "requirements.txt"], cwd=bundle, check=True)
    grade = [python, "-I", "-m", "labkit.platforms.container", "classroom50", str(bundle)]
    sys.exit(subprocess.run(grade).returncode)
