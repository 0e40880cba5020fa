"""A percent-format script as a Jupyter notebook, the same bytes every time."""

from __future__ import annotations

import ast
import re

import jupytext
import nbformat

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
_HEADER = re.compile(r"\A# labkit: .*\n+")


def notebook_of(script: str, lab: str) -> nbformat.NotebookNode:
    """The cells of a script, with tags and without outputs; metadata names the lab, as the header did.

    A cell is called after the function that it defines, else after its place.
    """
    read = jupytext.reads(_HEADER.sub("", script), fmt="py:percent")
    cells = []
    for number, cell in enumerate(read.cells, 1):
        tags = {"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {}
        new = nbformat.v4.new_markdown_cell if cell.cell_type == "markdown" else nbformat.v4.new_code_cell
        cells.append(new(cell.source, metadata=tags, id=_name(cell, number)))
    metadata = {"kernelspec": KERNEL, "labkit": {"lab": lab}}
    return nbformat.from_dict(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": _distinct(cells)}
    )


def starter_notebook(starter: str, lab: str) -> str:
    """The starter as the text of a notebook."""
    return as_text(notebook_of(starter, lab))


def as_text(notebook: nbformat.NotebookNode) -> str:
    """The notebook's JSON; raises nbformat.ValidationError where it is none."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def _name(cell: nbformat.NotebookNode, number: int) -> str:
    if cell.cell_type == "code":
        try:
            tree = ast.parse(cell.source)
        except SyntaxError:
            tree = ast.Module([], [])
        defined = [node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
        if defined:
            return re.sub(r"[^A-Za-z0-9_-]", "-", defined[0])[:64]
    return f"cell-{number:02d}"


def _distinct(cells: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    taken: set[str] = set()
    for number, cell in enumerate(cells, 1):
        if cell.id in taken:
            cell.id = f"{cell.id[:58]}-{number}"
        taken.add(cell.id)
    return cells
