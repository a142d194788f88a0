"""Figures for Plotly: token colours, gaps, hostile names."""

import json
from datetime import date
from decimal import Decimal

from plotly.utils import PlotlyJSONEncoder

from dashboards import charts, svg
from dashboards.charts import Mark, Panel, Series, Threshold

DAYS = [date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20)]


def as_json(payload: charts.Payload) -> str:
    return json.dumps(payload, cls=PlotlyJSONEncoder)


def test_a_missing_day_is_a_gap_and_not_zero() -> None:
    payload = charts.stacked_bars(
        DAYS, [Series("Serverless", "kind-serverless", [Decimal("1.5"), None, Decimal(0)])]
    )
    assert payload["data"][0]["y"] == [1.5, None, 0.0]


def test_colours_are_token_names_and_no_template_is_sent() -> None:
    payload = charts.panels(
        DAYS, [Panel(lines=[Series("p99", "accent", [1, 2, 3])], thresholds=[Threshold(2, "limit")])]
    )
    text = as_json(payload)
    assert "var(--accent)" in text
    assert "#" not in text
    assert "template" not in payload["layout"]


def test_markup_in_names_reaches_plotly_as_characters() -> None:
    name = '<a href="javascript:alert(1)">x</a>'
    payload = charts.stacked_bars(DAYS, [Series(name, "accent", [1, 2, 3])], marks=[Mark(DAYS[0], name, y=1)])
    text = as_json(payload)
    assert "<a " not in text
    assert "&lt;a " in text


def test_panels_share_the_axis_and_do_not_overlap() -> None:
    payload = charts.panels(
        DAYS, [Panel(bars=[Series("a", "accent", [1, 2, 3])]), Panel(lines=[Series("b", "ink", [3, 2, 1])])]
    )
    layout = payload["layout"]
    assert layout["yaxis"]["domain"][0] > layout["yaxis2"]["domain"][1]
    assert layout["xaxis"]["anchor"] == "y2"
    assert [trace["yaxis"] for trace in payload["data"]] == ["y", "y2"]


def test_nothing_to_draw_says_why() -> None:
    assert charts.lines(DAYS, [Series("a", "accent", [None, None, None])]) == {
        "empty": "Nothing was reported in this window."
    }


def test_a_sparkline_breaks_at_gaps_and_marks_its_end() -> None:
    drawn = svg.sparkline([1.0, 2.0, None, 4.0], "Calls", 88, 20)
    assert drawn.count("<path") == 2
    assert drawn.count("<circle") == 1
    assert "highest 4" in drawn


def test_a_sparkline_without_data_is_words() -> None:
    assert "no data" in svg.sparkline([None, None], "Calls", 88, 20)


def test_a_meter_is_full_at_its_limit_and_absent_when_unknown() -> None:
    assert "full" in svg.meter(20, 20, "20 of 20")
    assert svg.meter(None, 20, "unknown") == ""
