"""Where a name stands that is not there when it is needed."""

from __future__ import annotations

import pytest

from labkit.check.located import located
from labkit.worker import Session
from labkit.worker.replies import is_reply

ANSWER = "def softmax(x):\n    return x\n"
STUB = 'def softmax(x):\n    """Rows."""\n    raise NotImplementedError("1.3")\n'
INDENTED = "    def softmax(x):\n        return x\n"


@pytest.mark.parametrize(
    ("cells", "unrun", "status", "sentence"),
    [
        ([ANSWER + "softmax = softmax(3)\n"], [], "missing", "softmax is no function since cell 1, line 3, where it became an int"),
        (["import numpy as np\n" + ANSWER + "softmax = softmax(np.ones(2))\n"], [], "missing", "softmax is no function since cell 1, line 4, where it became an array"),
        (["# def softmax(x):\n#     return x\n"], [], "missing", "softmax stands in cell 1, line 1 as a comment"),
        ([""], ["# def softmax(x):\n"], "missing", "softmax stands in unrun 1, line 1 as a comment"),
        (["if __name__ == '__main__':\n    scale = 3\ndef softmax(x):\n    return scale * x\n"], [], "raised", "scale is defined under `__name__ == '__main__'` (cell 1, line 2)"),
        (["def f():\n    def scale(x):\n        return x\ndef softmax(x):\n    return scale(x)\n"], [], "raised", "scale stands inside f, as it is indented there (cell 1, line 2)"),
        (["def f():\n    scale = 3\ndef softmax(x):\n    return scale * x\n"], [], "raised", None),
        ([ANSWER + STUB], [], "not_attempted", "the answer in cell 1, line 1 is replaced by line 3, which"),
        (["def one_hot():\n" + INDENTED], [], "missing", "softmax stands inside one_hot, as it is indented there (cell 1, line 2)"),
        (["class Lab:\n" + INDENTED], [], "missing", "softmax stands inside Lab"),
        (["if __name__ == '__main__':\n" + INDENTED], [], "missing", "softmax is defined under `__name__ == '__main__'` (cell 1, line 2)"),
        (["try:\n    1 / 0\n" + INDENTED + "except Exception:\n    pass\n"], [], "missing", "softmax is defined under `try`"),
        ([""], [ANSWER], "missing", "softmax is defined in unrun 1, line 1, in a cell tagged explore"),
        ([STUB + "    return x\n"], [], "not_attempted", "the `raise` in cell 1, line 3 stands before the answer"),
        ([ANSWER, STUB], [], "not_attempted", "the answer in cell 1, line 1 is replaced by cell 2, line 1, which defines softmax once more"),
        ([STUB], [ANSWER], "not_attempted", "softmax is defined in unrun 1, line 1"),
        (["def softmax(x):\n    return row_max(x)\n"], ["def row_max(x):\n    return x\n"], "raised", "row_max is defined in unrun 1"),
        (["def softmax(x):\n    return scale * x\n"], ["scale = 3"], "raised", "scale is defined in unrun 1, line 1"),
        ([STUB], [], "not_attempted", None),
        ([STUB + "    pass\n"], [], "not_attempted", None),
        (["x = 1"], [], "missing", None),
        (["def softmax(x):\n    return unknown(x)\n"], ["y = 3"], "raised", None),
        (["def softmax(x):\n    raise NameError('no name')\n"], ["y = 3"], "raised", None),
        (["def softmax(:"], ["def softmax(:"], "missing", None),
    ],
    ids=range(24),
)  # fmt: skip
def test_it_is_told_where_a_name_stands(cells, unrun, status, sentence):
    session = Session()
    session.load(
        [[f"cell {n}", text] for n, text in enumerate(cells, 1)],
        [[f"unrun {n}", text] for n, text in enumerate(unrun, 1)],
    )
    answer = session.handle({"verb": "call", "function": "softmax", "args": [1.0], "kwargs": {}})
    assert answer["status"] == status and is_reply("call", answer)
    if sentence is None:
        assert answer["where"] is None
    else:
        name = answer["unknown"] if status == "raised" else "softmax"
        assert located(name, answer["where"]).startswith(sentence)
