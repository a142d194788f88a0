"""Plotly figures built on the server from values. Colours are token names; charts.js resolves them per theme.

A figure is a dict {"data", "layout"} without a template; charts.js adds fonts, margins, grid and hover.
Series values are aligned with x; None is a gap and stays one. Names are hostile text: plain() defuses them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from plotly import graph_objects as go
from plotly.utils import PlotlyJSONEncoder

X = Sequence[date] | Sequence[datetime] | Sequence[float]
Value = float | int | Decimal | None
Payload = dict[str, Any]


@dataclass(frozen=True)
class Series:
    """One line, bar set or stack layer. tint: a colour of tokens.css without its dashes ("kind-serverless").

    label: words at the end of a line instead of a legend; dash: "solid", "dot" or "dash".
    """

    name: str
    tint: str
    values: Sequence[Value]
    label: str = ""
    dash: str = "solid"
    width: float = 1.75


@dataclass(frozen=True)
class Mark:
    """A change or an incident on the x axis. y None: dotted line over all panels; else a leader line from y up."""

    at: date | datetime | float
    label: str
    tint: str = "ink-3"
    y: Value = None


@dataclass(frozen=True)
class Threshold:
    """A labelled dashed level."""

    value: float
    label: str
    tint: str = "attention"


@dataclass(frozen=True)
class Band:
    """The space between two series on the time axis, filled with a pale colour: an interval."""

    name: str
    low: Sequence[Value]
    high: Sequence[Value]
    tint: str = "accent-soft"


@dataclass(frozen=True)
class Panel:
    """One plot of a stack that shares the time axis. unit: "$", "%", "ms", "" …; maximum fixes the top (ratios: 1)."""

    unit: str = ""
    bands: Sequence[Band] = ()
    lines: Sequence[Series] = ()
    bars: Sequence[Series] = ()
    thresholds: Sequence[Threshold] = ()
    maximum: float | None = None
    weight: float = 1.0


def colour(tint: str) -> str:
    """The CSS variable that charts.js replaces by the theme's colour."""
    return f"var(--{tint})"


def plain(text: str) -> str:
    """Text for Plotly, which reads a small HTML of its own: markup in names stays visible as characters."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def as_json(payload: Mapping[str, Any]) -> str:
    """A figure as charts.js reads it."""
    return json.dumps(payload, cls=PlotlyJSONEncoder, separators=(",", ":"))


def empty(reason: str) -> Payload:
    """A chart without a single value; charts.js writes the reason where the plot would be."""
    return {"empty": reason}


def stacked_bars(x: X, series: Sequence[Series], *, unit: str = "$", marks: Sequence[Mark] = ()) -> Payload:
    """Bars stacked in the order of `series`, first at the bottom; marks stand above their bar."""
    if not any(value is not None for layer in series for value in layer.values):
        return empty("No figures for this window yet.")
    figure = go.Figure([_bar(x, layer, unit) for layer in series])
    figure.update_layout(barmode="stack", hovermode="x unified", yaxis=_axis(unit))
    for mark in marks:
        figure.add_annotation(
            x=mark.at, y=float(mark.y or 0), text=plain(mark.label), ax=0, ay=-26, showarrow=True, arrowhead=0,
            arrowwidth=1, arrowcolor=colour(mark.tint), font={"color": colour(mark.tint), "size": 11},
        )  # fmt: skip
    return _payload(figure)


def lines(x: X, series: Sequence[Series], *, unit: str = "", **panel: Any) -> Payload:
    """One panel of lines; keyword arguments of Panel and `marks` pass through."""
    marks = panel.pop("marks", ())
    return panels(x, [Panel(unit=unit, lines=series, **panel)], marks=marks)


def panels(x: X, stack: Sequence[Panel], *, marks: Sequence[Mark] = (), gap: float = 0.12) -> Payload:
    """Panels above each other on one time axis, first on top; never two y scales in one plot."""
    drawn = [series for panel in stack for series in (*panel.lines, *panel.bars)]
    if not any(value is not None for series in drawn for value in series.values):
        return empty("Nothing was reported in this window.")
    figure = go.Figure()
    layout: dict[str, Any] = {"hovermode": "x unified", "barmode": "stack"}
    for n, (panel, (low, high)) in enumerate(zip(stack, _domains(stack, gap), strict=True), start=1):
        name = "y" if n == 1 else f"y{n}"
        layout["yaxis" if n == 1 else f"yaxis{n}"] = _axis(panel.unit, panel.maximum) | {
            "domain": [low, high]
        }
        figure.add_traces([edge for band in panel.bands for edge in _band(x, band, panel.unit, name)])
        figure.add_traces([_bar(x, bars, panel.unit, name) for bars in panel.bars])
        figure.add_traces([_line(x, line, panel.unit, name) for line in panel.lines])
        for threshold in panel.thresholds:
            _add_threshold(figure, threshold, name, panel.maximum)
        for line in panel.lines:
            _add_end_label(figure, x, line, name)
    layout["xaxis"] = {"anchor": "y" if len(stack) == 1 else f"y{len(stack)}"}
    if any(line.label for panel in stack for line in panel.lines):
        layout["margin"] = {"r": 92}
    figure.update_layout(layout)
    for mark in marks:
        _add_vertical(figure, mark)
    return _payload(figure)


def _payload(figure: go.Figure) -> Payload:
    payload = figure.to_plotly_json()
    payload["layout"].pop("template", None)
    return payload


def _floats(values: Sequence[Value]) -> list[float | None]:
    return [None if value is None else float(value) for value in values]


_HOVER = {"$": "$%{y:,.2f}", "%": "%{y:.2~f} %", "ms": "%{y:,.3~s} ms", "": "%{y:,.3~f}"}


def _hover(unit: str, name: str) -> str:
    return f"{_HOVER.get(unit, '%{y:,.3~f} ' + unit)}<extra>{plain(name)}</extra>"


def _bar(x: X, series: Series, unit: str, axis: str = "y") -> go.Bar:
    return go.Bar(
        x=list(x), y=_floats(series.values), name=plain(series.name), yaxis=axis,
        hovertemplate=_hover(unit, series.name),
        marker={"color": colour(series.tint), "line": {"color": colour("ground"), "width": 0.75}},
    )  # fmt: skip


def _line(x: X, series: Series, unit: str, axis: str) -> go.Scatter:
    return go.Scatter(
        x=list(x), y=_floats(series.values), name=plain(series.name), yaxis=axis, mode="lines", connectgaps=False,
        line={"color": colour(series.tint), "width": series.width, "dash": series.dash},
        hovertemplate=_hover(unit, series.name),
    )  # fmt: skip


def _band(x: X, band: Band, unit: str, axis: str) -> list[go.Scatter]:
    """Its lower edge, then its upper one, which fills the space down to it."""
    edges = ((f"{band.name}, low", band.low, "none"), (f"{band.name}, high", band.high, "tonexty"))
    return [
        go.Scatter(
            x=list(x), y=_floats(values), name=plain(words), yaxis=axis, mode="lines", connectgaps=False,
            line={"color": colour(band.tint), "width": 0}, fill=fill, fillcolor=colour(band.tint),
            hovertemplate=_hover(unit, words),
        )
        for words, values, fill in edges
    ]  # fmt: skip


def _axis(unit: str, maximum: float | None = None) -> dict[str, Any]:
    axis: dict[str, Any] = {"rangemode": "tozero", "nticks": 5, "separatethousands": True}
    if unit == "$":
        axis |= {"tickprefix": "$", "tickformat": ",~r"}
    elif unit == "%":
        axis |= {"ticksuffix": " %"}
    elif unit:
        axis |= {"ticksuffix": f" {unit}"}
    if maximum is not None:
        axis["range"] = [0, maximum]
    return axis


def _domains(stack: Sequence[Panel], gap: float) -> list[tuple[float, float]]:
    """(bottom, top) of each panel in plot fractions, the first panel on top."""
    free = 1 - gap * (len(stack) - 1)
    total = sum(panel.weight for panel in stack)
    top, domains = 1.0, []
    for panel in stack:
        bottom = max(top - free * panel.weight / total, 0.0)
        domains.append((bottom, top))
        top = bottom - gap
    return domains


def _add_threshold(figure: go.Figure, threshold: Threshold, axis: str, maximum: float | None) -> None:
    """Its label stands above the level, or below one near the top of the plot, where the lines run."""
    shade = colour(threshold.tint)
    side = "top" if maximum is not None and threshold.value > maximum / 2 else "bottom"
    figure.add_shape(
        type="line", xref="paper", x0=0, x1=1, yref=axis, y0=threshold.value, y1=threshold.value,
        line={"color": shade, "width": 1, "dash": "dash"},
    )  # fmt: skip
    figure.add_annotation(
        xref="paper", x=0.005, yref=axis, y=threshold.value, text=plain(threshold.label), showarrow=False,
        xanchor="left", yanchor=side, font={"color": shade, "size": 11},
    )  # fmt: skip


def _add_end_label(figure: go.Figure, x: X, line: Series, axis: str) -> None:
    known = [float(value) for value in line.values if value is not None]
    if line.label and known and len(x):
        figure.add_annotation(
            xref="paper", x=1.008, yref=axis, y=known[-1], text=plain(line.label), showarrow=False, xanchor="left",
            font={"size": 11, "color": colour("ink-2")},
        )  # fmt: skip


def _add_vertical(figure: go.Figure, mark: Mark) -> None:
    figure.add_shape(
        type="line", x0=mark.at, x1=mark.at, yref="paper", y0=0, y1=1,
        line={"color": colour(mark.tint), "width": 1, "dash": "dot"},
    )  # fmt: skip
    figure.add_annotation(
        x=mark.at, yref="paper", y=1, yanchor="bottom", text=plain(mark.label), showarrow=False,
        font={"size": 11, "color": colour(mark.tint)},
    )  # fmt: skip
