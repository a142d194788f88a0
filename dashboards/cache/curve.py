"""More memory, more hits: the forecast against the models that one instance holds, with today's point."""

from dashboards import charts, wording
from dashboards.charts import Band, Mark, Panel, Payload, Series
from dashboards.tables import Column, PlainTable
from fleet.analysis.cache_forecast.forecast import HitForecast, with_memory
from fleet.analysis.cache_forecast.options import Way
from fleet.queries.cache_forecast import Outlook

NOTHING = "There is no forecast yet: the Cache tab says what is missing."
STEPS = 32
_TABLE_STEP = 4


def points(found: Outlook) -> list[tuple[float, HitForecast]]:
    """Models that one instance holds, and the forecast with them; from a quarter of today's to all of them."""
    seen = found.fit.observation
    if not found.fit.may_forecast or not seen.residents or not seen.hosted:
        return []
    low, high = seen.residents / 4, float(seen.hosted)
    kept = sorted({seen.residents, *(low + (high - low) * n / STEPS for n in range(STEPS + 1))})
    said = [(models, with_memory(found.fit, models / seen.residents)) for models in kept]
    return [(models, forecast) for models, forecast in said if forecast is not None]


def chart(found: Outlook | None) -> Payload:
    """The curve with its range and the options that change one instance's memory."""
    drawn = points(found) if found else []
    if found is None or not drawn:
        return charts.empty(NOTHING)
    x = [models for models, _ in drawn]
    hits = [forecast.hit for _, forecast in drawn]
    band = Band("Range", [f.low for _, f in drawn], [f.high for _, f in drawn])
    line = Series("Hit ratio", "kind-multi-model", hits)
    payload = charts.panels(x, [Panel(bands=[band], lines=[line], maximum=1.05)], marks=_marks(found))
    payload["layout"]["xaxis"] |= {
        "type": "linear",
        "rangemode": "tozero",
        "hoverformat": ",.0f",
        "tickformat": ",~r",
        "title": {"text": "Models that fit in one instance's memory", "standoff": 8},
    }
    payload["layout"]["margin"] = {"b": 48}
    return payload


def table(found: Outlook) -> PlainTable:
    """The curve's figures."""
    drawn = points(found)
    chosen = [each for n, each in enumerate(drawn) if n % _TABLE_STEP == 0 or n == len(drawn) - 1]
    rows = [
        (
            wording.count(round(models)),
            f"{forecast.hit:.2f}" if forecast.hit is not None else wording.UNKNOWN,
            f"{forecast.low:.2f} – {forecast.high:.2f}",
        )
        for models, forecast in chosen
    ]
    columns = [
        Column("Models that fit", is_number=True),
        Column("Hit ratio", is_number=True),
        Column("Range", is_number=True),
    ]
    return PlainTable("Hit ratio by models that fit", columns, rows)


def _marks(found: Outlook) -> list[Mark]:
    seen = found.fit.observation
    assert seen.residents is not None
    marks = [Mark(seen.residents, "today", tint="ink-2")]
    for option in found.options:
        forecast = option.forecast
        if option.way in (Way.BIGGER, Way.MEMORY) and forecast and forecast.residents < (seen.hosted or 0):
            marks.append(Mark(forecast.residents, option.instance_type, tint="accent"))
    return marks
