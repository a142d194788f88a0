"""The decision flow as a picture drawn on the server: questions down the left, the ways they end in on the right."""

from dataclasses import dataclass
from textwrap import wrap

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboards.advisor.words import OPTIONS
from fleet.advisor.flow import Edge, Flow, Node

_QUESTION_W, _OPTION_W, _GAP, _BOX_H, _ROW_H = 244, 108, 44, 62, 90
_WIDTH = _QUESTION_W + _GAP + _OPTION_W
_LINE = 38
"""Characters of a question on one line of its box."""
_FIGURE_LINE = 44
_BOX = '<g class="flow-node{}"><title>{}</title><rect x="{}" y="{}" width="{}" height="{}" rx="6"/>{}</g>'
_TEXT = '<text x="{}" y="{}" class="{}">{}</text>'
_ARROW = '<g class="flow-edge{}"><path d="{}"/><text x="{}" y="{}">{}</text></g>'


@dataclass(frozen=True)
class _Place:
    """Where a node stands: column 0 for questions, 1 for ways; row from the top."""

    node: Node
    column: int
    row: int

    @property
    def x(self) -> int:
        return self.column * (_QUESTION_W + _GAP)

    @property
    def y(self) -> int:
        return 2 + self.row * _ROW_H

    @property
    def width(self) -> int:
        return _OPTION_W if self.column else _QUESTION_W


def picture(flow: Flow) -> SafeString:
    """An SVG with the path taken; what is not taken stands pale beside it. It says the same as `steps`."""
    places = _places(flow)
    height = 4 + max(place.row for place in places.values()) * _ROW_H + _BOX_H
    edges = format_html_join(
        "", "{}", ((_edge(edge, places[edge.start], places[edge.end]),) for edge in flow.edges)
    )
    boxes = format_html_join("", "{}", ((_box(place),) for place in places.values()))
    return format_html(
        '<svg class="flow" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>',
        _WIDTH, height, label(flow), edges, boxes,
    )  # fmt: skip


def label(flow: Flow) -> str:
    """The path in one sentence."""
    said = [f"{node.text} {_answer(node)}." for node in flow.nodes if node.is_taken and node.option is None]
    end = f"It ends at {OPTIONS[flow.result].lower()}." if flow.result else "It stops there."
    return " ".join([*said, end])


def steps(flow: Flow) -> list[tuple[str, str, str]]:
    """(question, answer, figure) along the path, for people who read rather than look."""
    by_key = {node.key: node for node in flow.nodes}
    taken = [by_key[key] for key in flow.path if key in by_key and by_key[key].option is None]
    return [(node.text, _answer(node), node.figure) for node in taken]


def _places(flow: Flow) -> dict[str, _Place]:
    """Questions in their order; a way beside the question that leads to it, or below where that place is taken."""
    by_key = {node.key: node for node in flow.nodes}
    questions = [node.key for node in flow.nodes if node.option is None]
    found = {key: _Place(by_key[key], 0, row) for row, key in enumerate(questions)}
    for edge in flow.edges:
        if edge.end in found or edge.end not in by_key:
            continue
        row = found[edge.start].row
        while any(place.column == 1 and place.row == row for place in found.values()):
            row += 1
        found[edge.end] = _Place(by_key[edge.end], 1, row)
    return found


def _box(place: _Place) -> SafeString:
    node = place.node
    taken = " is-taken" if node.is_taken else ""
    if node.option is not None:
        lines = [("flow-option", OPTIONS[node.option])]
        taken += " is-option"
    else:
        lines = [("flow-question", line) for line in wrap(node.text, _LINE)[:2]]
        lines += (
            [("flow-figure", line) for line in _short(node.figure, 3 - len(lines))] if node.is_taken else []
        )
    top = place.y + _BOX_H / 2 - 7.5 * len(lines) + 11
    texts = format_html_join(
        "", _TEXT, ((place.x + 10, f"{top + 15 * n:.1f}", css, text) for n, (css, text) in enumerate(lines))
    )
    title = f"{node.text} {node.figure}" if node.option is None else OPTIONS[node.option]
    return format_html(_BOX, taken, title, place.x + 1, place.y, place.width - 2, _BOX_H, texts)


def _short(text: str, lines: int) -> list[str]:
    found = wrap(text, _FIGURE_LINE)
    return found if len(found) <= lines else [*found[: lines - 1], f"{found[lines - 1][: _FIGURE_LINE - 1]}…"]


def _edge(edge: Edge, start: _Place, end: _Place) -> SafeString:
    taken = " is-taken" if edge.is_taken else ""
    if end.column == 0:
        x, y, below = start.x + _QUESTION_W / 2, start.y + _BOX_H, end.y
        path = f"M{x:.1f} {y} V{below - 1} m-4 -6 l4 6 l4 -6"
        return format_html(_ARROW, taken, path, f"{x + 8:.1f}", f"{(y + below) / 2 + 4:.1f}", edge.label)
    left, right = start.x + _QUESTION_W, end.x
    from_y, to = start.y + _BOX_H / 2, end.y + _BOX_H / 2
    path = f"M{left} {from_y:.1f} H{left + _GAP / 2:.1f} V{to:.1f} H{right - 1} m-6 -4 l6 4 l-6 4"
    return format_html(
        _ARROW, taken, path, f"{left + 8}", f"{from_y - 6 if to == from_y else from_y + 16:.1f}", edge.label
    )


def _answer(node: Node) -> str:
    return "Not known" if node.answer is None else ("Yes" if node.answer else "No")
