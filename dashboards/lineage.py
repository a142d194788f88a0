"""The graph of what an endpoint is built from: a picture drawn on the server, and the table that says the same."""

from collections.abc import Mapping

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboards.tables import Column, PlainTable
from fleet.analysis.lineage import COLUMNS, Graph, Node, State, Verdict

WIDTH, HEIGHT, GAP_X, GAP_Y, TOP = 186, 46, 36, 14, 28
SHOWN = 23
WORDS: Mapping[State, str] = {
    State.FOUND: "exists",
    State.GONE: "is gone",
    State.UNKNOWN: "cannot tell",
    State.PLAIN: "setting",
    State.AWS_OWNED: "AWS's own",
}
MARKS: Mapping[State, str] = {
    State.FOUND: "✓",
    State.GONE: "✕",
    State.UNKNOWN: "?",
    State.PLAIN: "·",
    State.AWS_OWNED: "✓",
}
VERDICTS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.PATCHABLE: ("ok", "Can be patched"),
    Verdict.BROKEN: ("failed", "Cannot be patched"),
    Verdict.CANNOT_TELL: ("attention", "Cannot tell"),
}
"""Verdict → tone of its note, and its words."""


def drawing(graph: Graph) -> SafeString:
    """Columns from left to right, one box a thing; state as mark, word and outline. Full names stand in titles."""
    places = _places(graph)
    rows = max((row for _, row in places.values()), default=0) + 1
    width = len(COLUMNS) * WIDTH + (len(COLUMNS) - 1) * GAP_X
    height = TOP + rows * (HEIGHT + GAP_Y)
    heads = format_html_join(
        "", '<text class="head" x="{}" y="14">{}</text>', ((_x(n), name) for n, name in enumerate(COLUMNS))
    )
    edges = format_html_join("", '<path class="{}" d="{}"/>', _edges(graph, places))
    boxes = format_html_join("", "{}", ((_box(node, *places[node.key]),) for node in graph.nodes))
    return format_html(
        '<svg class="lineage" width="{}" height="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>',
        width, height, width, height, label(graph), heads, edges, boxes,
    )  # fmt: skip


def label(graph: Graph) -> str:
    """The picture in a sentence, for those who do not see it."""
    count = len(graph.nodes)
    broken = ", ".join(f"{node.kind} {node.name}" for node in graph.broken)
    told = f"gone: {broken}" if broken else "nothing is known to be gone"
    return f"{count} parts from the endpoint to its images, roles and artefacts; {told}. The table below says the same."


def table(graph: Graph) -> PlainTable:
    """Every part with its state and what that rests on."""
    rows = [
        (node.kind, node.name, f"{MARKS[node.state]} {WORDS[node.state]}", node.why or "—")
        for node in graph.nodes
    ]
    return PlainTable("Parts", [Column("Part"), Column("Name"), Column("State"), Column("Why")], rows)


def _places(graph: Graph) -> dict[str, tuple[int, int]]:
    """Column and row of every node, rows counted from the top of their column."""
    taken = dict.fromkeys(range(len(COLUMNS)), 0)
    places = {}
    for node in graph.nodes:
        places[node.key] = (node.column, taken[node.column])
        taken[node.column] += 1
    return places


def _x(column: int) -> int:
    return column * (WIDTH + GAP_X)


def _y(row: int) -> int:
    return TOP + row * (HEIGHT + GAP_Y)


def _edges(graph: Graph, places: Mapping[str, tuple[int, int]]) -> list[tuple[str, str]]:
    states = {node.key: node.state for node in graph.nodes}
    found = []
    for start, end in graph.edges:
        if start not in places or end not in places:
            continue
        (column, row), (other, below) = places[start], places[end]
        x1, y1 = _x(column) + WIDTH, _y(row) + HEIGHT // 2
        x2, y2 = _x(other), _y(below) + HEIGHT // 2
        bend = GAP_X // 2
        path = f"M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
        found.append((f"edge {states[end].value}", path))
    return found


def _box(node: Node, column: int, row: int) -> SafeString:
    name = node.name if len(node.name) <= SHOWN else f"{node.name[:9]}…{node.name[-(SHOWN - 10) :]}"
    x, y = _x(column), _y(row)
    return format_html(
        '<g class="node {}"><title>{}</title><rect x="{}" y="{}" width="{}" height="{}" rx="6"/>'
        '<text class="kind" x="{}" y="{}">{} {}{}</text><text x="{}" y="{}">{}</text></g>',
        node.state.value, f"{node.kind} {node.name}: {WORDS[node.state]}. {node.why}", x, y, WIDTH, HEIGHT,
        x + 10, y + 18, MARKS[node.state], node.kind,
        "" if node.state in (State.FOUND, State.PLAIN) else f", {WORDS[node.state]}", x + 10, y + 35, name,
    )  # fmt: skip
