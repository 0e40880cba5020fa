"""A lesson's script as a Jupyter notebook, the same bytes every time."""

from __future__ import annotations

import ast
import re

import nbformat

from labkit.lesson.cells import CHECK, EXPLORE, Cell
from labkit.lesson.lesson import read_lesson

LOOKING = "# for looking, not graded"
#: The last cell of a student's notebook.
_PAGE = """\
# all checks at once, as a page: where you stand, and what to do first
labkit.check(lab="{lab}")"""
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def notebook_of(script: str, lab: str) -> nbformat.NotebookNode:
    """The cells of a script, with tags and without outputs; metadata names the lab, as the header did.

    A cell is called after the function that it defines or the question that it checks, else after its place.
    """
    lesson = read_lesson(script)
    cells: list[nbformat.NotebookNode] = []
    for cell in lesson.cells:
        source = cell.source
        if cell.number <= lesson.header < cell.number + len(cell.lines):
            source = source.partition("\n")[2].strip("\n")  # the header, which metadata say
        if source:
            cells.append(_cell(cell, source, len(cells) + 1))
    metadata = {"kernelspec": KERNEL, "labkit": {"lab": lab}}
    return nbformat.from_dict(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": _distinct(cells)}
    )


def starter_notebook(starter: str, lab: str) -> str:
    """The starter as the text of a notebook. It hides the tags, so cells that explore say in words what they are.

    It ends with a cell that checks everything and shows the student's page.
    """
    notebook = notebook_of(starter, lab)
    for cell in notebook.cells:
        if EXPLORE in cell.metadata.get("tags", ()) and cell.cell_type == "code":
            cell.source = f"{LOOKING}\n{cell.source}"
    page = nbformat.v4.new_code_cell(_PAGE.format(lab=lab), metadata={"tags": [CHECK]}, id="check-all")
    notebook.cells.append(page)
    return as_text(notebook)


def as_text(notebook: nbformat.NotebookNode) -> str:
    """The notebook's JSON; raises nbformat.ValidationError where it is none."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def _cell(cell: Cell, source: str, number: int) -> nbformat.NotebookNode:
    tags = {"tags": list(cell.tags)} if cell.tags else {}
    new = {"markdown": nbformat.v4.new_markdown_cell, "raw": nbformat.v4.new_raw_cell}
    return new.get(cell.kind, nbformat.v4.new_code_cell)(
        source, metadata=tags, id=_name(source, cell.kind, number)
    )


def _name(source: str, kind: str, number: int) -> str:
    if checked := re.search(r'^labkit\.check\("([\w.]+)"\)$', source, re.M):
        return f"check-{checked[1].replace('.', '-')}"
    try:
        tree = ast.parse(source if kind == "code" else "")
    except SyntaxError:
        tree = ast.Module([], [])
    defined = [node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    return re.sub(r"[^A-Za-z0-9_-]", "-", defined[0])[:64] if defined else f"cell-{number:02d}"


def _distinct(cells: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    taken: set[str] = set()
    for number, cell in enumerate(cells, 1):
        if cell.id in taken:
            cell.id = f"{cell.id[:58]}-{number}"
        taken.add(cell.id)
    return cells
