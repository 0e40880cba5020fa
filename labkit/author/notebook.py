"""The starter as a Jupyter notebook."""

from __future__ import annotations

import jupytext
import nbformat


def starter_notebook(starter: str, lab: str) -> str:
    """The percent-format starter as notebook JSON; its metadata names the lab."""
    notebook = jupytext.reads(starter, fmt="py:percent")
    notebook.metadata["labkit"] = {"lab": lab}
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata.pop("jupytext", None)
    return nbformat.writes(notebook) + "\n"
