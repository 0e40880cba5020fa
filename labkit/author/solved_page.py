"""A notebook as one HTML page that needs nothing from anywhere else: figures inside, formulas as MathML."""

from __future__ import annotations

import copy
import re

import nbformat

_MATH = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$]+?)\$(?!\d)", re.S)
_CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.S)
#: What Jupyter's own themes lack: contrast of code on grey, room for fingers, paper behind figures, no lines too long.
_LOOKS = """
:root{color-scheme:light dark;--jp-mirror-editor-number-color:#066106;--jp-mirror-editor-comment-color:#346868;
--jp-mirror-editor-keyword-color:#00700a;--jp-mirror-editor-builtin-color:#00700a;--jp-mirror-editor-operator-color:#7f17c9}
summary{min-height:24px;padding:.15em 0;cursor:pointer}
img{background:#fff;max-width:100%}
main{max-width:62rem;margin:0 auto}
@media (max-width:40rem){.jp-RenderedMarkdown{overflow-wrap:anywhere}.jp-RenderedMarkdown :is(td,th){padding:.2em;
white-space:normal}math[display=block]{font-size:.75em}.jp-Cell{padding-left:0;padding-right:0}}
"""
_DARK = """
:root{--jp-mirror-editor-comment-color:#8fb8b8;--jp-mirror-editor-keyword-color:#7fd18b;
--jp-mirror-editor-builtin-color:#7fd18b;--jp-mirror-editor-number-color:#9bdd9b;--jp-mirror-editor-string-color:#ff9c9c;
--jp-mirror-editor-operator-color:#d3a4ff;--jp-mirror-editor-punctuation-color:#a9c9f5;--jp-content-link-color:#90caf9}
img{border-radius:4px}
"""
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
    html = _SCRIPT.sub("", html)  # MathJax and RequireJS, which would come from the network
    environment = exporter.environment
    dark = environment.loader.get_source(environment, "static/theme-dark.css")[0]
    head, end, body = html.partition("</head>")
    return f"{head}<style>{_LOOKS}@media screen and (prefers-color-scheme:dark){{{dark}{_DARK}}}</style>{end}{body}"


def with_mathml(markdown: str) -> str:
    """Markdown whose formulas are MathML, which browsers draw by themselves; code stays as it is."""
    parts = _CODE.split(markdown)
    return "".join(part if number % 2 else _MATH.sub(_formula, part) for number, part in enumerate(parts))


def _formula(match: re.Match) -> str:
    from latex2mathml.converter import convert

    display, inline = match.groups()
    mathml = convert((display or inline).strip(), display="block" if display else "inline")
    if display:  # may be wider than a telephone: it is scrolled by keys where it can have the focus
        mathml = mathml.replace("<math ", '<math tabindex="0" ', 1)
    return mathml.replace("*", "&#42;").replace("_", "&#95;")  # which mean emphasis in Markdown
