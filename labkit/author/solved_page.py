"""A notebook as one HTML page that needs nothing from anywhere else: figures inside, formulas as MathML."""

from __future__ import annotations

import copy
import re

import nbformat

_MATH = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$]+?)\$(?!\d)", re.S)
_CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.S)
_SCRIPT = re.compile(r"<script\b[^>]*>.*?</script>", re.S)


def page(notebook: nbformat.NotebookNode, title: str) -> str:
    """The page of a carried-out notebook."""
    from nbconvert import HTMLExporter

    shown = copy.deepcopy(notebook)
    for cell in shown.cells:
        if cell.cell_type == "markdown":
            cell.source = with_mathml(cell.source)
    exporter = HTMLExporter(exclude_input_prompt=True, exclude_output_prompt=True)
    html, _ = exporter.from_notebook_node(shown, resources={"metadata": {"name": title}})
    return _SCRIPT.sub("", html)  # MathJax and RequireJS, which would come from the network


def with_mathml(markdown: str) -> str:
    """Markdown whose formulas are MathML, which browsers draw by themselves; code stays as it is."""
    parts = _CODE.split(markdown)
    return "".join(part if number % 2 else _MATH.sub(_formula, part) for number, part in enumerate(parts))


def _formula(match: re.Match) -> str:
    from latex2mathml.converter import convert

    display, inline = match.groups()
    mathml = convert((display or inline).strip(), display="block" if display else "inline")
    return mathml.replace("*", "&#42;").replace("_", "&#95;")  # which mean emphasis in Markdown
