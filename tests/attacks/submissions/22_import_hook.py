# 22 | an import hook, and modules for whoever starts next | 0 | 
import builtins
import pathlib
import sys

for name in ("sitecustomize.py", "usercustomize.py", "numpy.py", "labkit.pth"):
    for folder in (".", *sys.path):
        try:
            pathlib.Path(folder, name).write_text("open('@OUT@/labkit-attack', 'w')")
        except OSError:
            pass
original = builtins.__import__


def hooked(name, *args, **kwargs):
    module = original(name, *args, **kwargs)
    if name.startswith("labkit"):
        module.__dict__["score"] = lambda *a: 100
    return module


builtins.__import__ = hooked


class Finder:
    find_spec = staticmethod(lambda name, path=None, target=None: None)


sys.meta_path.insert(0, Finder)


def double(x):
    return x


def classify(points, labels, probes):
    return labels
