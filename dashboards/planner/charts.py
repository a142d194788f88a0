"""The curve of money against cold starts: every way as a point, today's in black, the chosen one in colour."""

from collections.abc import Sequence
from typing import Any

from dashboards import charts
from dashboards.planner import words
from fleet.analysis.planner.options import Option, frontier

NOTHING = "No way has a price yet, so there is no curve to draw."


def curve(options: Sequence[Option], chosen: Option | None) -> charts.Payload:
    """Cold starts over USD, both a month; the bars are the ranges. Ways without a price are not drawn."""
    priced = [one for one in options if one.usd is not None]
    if not priced:
        return charts.empty(NOTHING)
    edge = frontier(priced)
    payload = charts.lines(
        [float(one.usd or 0) for one in edge],
        [charts.Series("Fewest for the money", "ink-3", [one.cold.likely for one in edge], width=1.25)],
    )
    payload["data"][0]["line"]["shape"] = "hv"
    payload["data"][0]["hoverinfo"] = "skip"
    rest = [one for one in priced if one not in edge and not one.is_today and one is not chosen]
    payload["data"] += [
        _points(rest, "Costs more for no fewer", "ink-3", is_hollow=True),
        _points([one for one in edge if not one.is_today and one is not chosen], "On the curve", "ink-3"),
        _points([one for one in priced if one.is_today], "Today", "ink", size=11, text="today"),
    ]
    if chosen is not None and not chosen.is_today:
        payload["data"].append(_points([chosen], "Chosen", "accent", size=12, text=words.name(chosen)))
    layout = payload["layout"]
    layout["hovermode"] = "closest"
    layout["margin"] = {"b": 48, "r": 24}
    layout["xaxis"] |= {
        "type": "linear", "rangemode": "tozero", "tickprefix": "$", "tickformat": ",~r",
        "title": {"text": "Cost a month", "standoff": 8},
    }  # fmt: skip
    most = max(one.cold.high for one in priced) or 1.0
    layout["yaxis"] |= {"range": [0, 1.15 * most], "title": {"text": "Cold starts a month", "standoff": 8}}
    return payload


def _points(
    options: Sequence[Option], name: str, tint: str, *, size: int = 8, is_hollow: bool = False, text: str = ""
) -> dict[str, Any]:
    shade = charts.colour(tint)
    likely = [one.cold.likely for one in options]
    return {
        "type": "scatter",
        "mode": "markers+text" if text else "markers",
        "name": name,
        "x": [float(one.usd or 0) for one in options],
        "y": likely,
        "text": [charts.plain(text)] * len(options),
        "textposition": "top right",
        "textfont": {"size": 11, "color": shade},
        "customdata": [[charts.plain(words.name(one)), words.figure(one.cold)] for one in options],
        "hovertemplate": "%{customdata[0]}<br>$%{x:,.2f} a month<br>%{customdata[1]} cold starts<extra></extra>",
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [one.cold.high - value for one, value in zip(options, likely, strict=True)],
            "arrayminus": [value - one.cold.low for one, value in zip(options, likely, strict=True)],
            "color": shade,
            "thickness": 1,
            "width": 3,
        },
        "marker": {
            "size": size,
            "color": charts.colour("ground") if is_hollow else shade,
            "line": {"color": shade, "width": 1.5},
        },
    }
