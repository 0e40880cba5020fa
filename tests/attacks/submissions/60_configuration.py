# 60 | configuration files for whoever comes next | 0 | no function called double
import os
import pathlib

FILES = {
    ".keras/keras.json": '{"backend": "torch"}',
    ".jupyter/jupyter_notebook_config.py": "open('@OUT@/labkit-attack', 'w')",
    ".ipython/profile_default/startup/00.py": "open('@OUT@/labkit-attack', 'w')",
    "matplotlibrc": "backend: nothing",
    "pytest.ini": "[pytest]\naddopts = --collect-only",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--collect-only'",
    ".git/config": "[core]\nfsmonitor = touch @OUT@/labkit-attack",
    "course.toml": "title = 'mine'",
}
for folder in (os.path.expanduser("~"), "@HOME@", "@HERE@", "@COURSE@", "@OUT@", "/", "/etc"):
    for name, text in FILES.items():
        try:
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        except OSError:
            pass
