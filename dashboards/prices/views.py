"""The Prices page: what every figure of the costs rests on, where it comes from, how old it is and what is missing."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboards import htmx, scope, wording
from dashboards.prices import tiles, words
from dashboards.status import COMPONENT_LABELS
from dashboards.tables import Page
from fleet.costs.price_book import UNITS
from fleet.costs.price_history import Layer
from fleet.queries import price_page as queries
from fleet.queries.export import csv_lines
from fleet.queries.price_page import PricePage, UsedPrice
from fleet.types import CostComponent

ROWS = 20
"""Prices in use on a page: what people entered stands below them and has to stay in reach."""
COLUMNS = (
    "region", "component", "item", "unit", "amount", "currency", "first_day", "last_day", "origin", "is_assumed",
    "source", "source_date",
)  # fmt: skip


@require_GET
def page(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Sentence, tiles, what is missing, the prices in use, what people entered, and the readings."""
    scoped, now = scope.read(request, has_range=False), timezone.now()
    found = queries.page(scoped.filter, now)
    pager = Page.read(request.GET, len(found.used), ROWS)
    context = {
        "found": found,
        "tiles": tiles.tiles(found, now),
        "rows": [_row(row) for row in found.used[pager.offset : pager.offset + pager.size]],
        "pager": pager,
        "missing": [(row, words.place(row.key)) for row in found.missing],
        "entered": [(row, words.place(_key(row)), words.exact(row.usd), _days(row)) for row in found.entered],
        "discounts": [(row, _discount(row), _reach(row), _days(row)) for row in found.discounts],
        "rates": [(row, words.exact(row.usd), _days(row)) for row in found.rates],
        "readings": [(each, each.is_old(now), _passed_over(each)) for each in found.readings],
        "today": now.date(),
        "query": scoped.query,
        "wants_rail": True,
        **_sentence(found, now),
    }
    return htmx.page(request, "pages/prices/page.html", context, part="price-table")


@require_GET
def item(request: htmx.HtmxHttpRequest, region: str, component: str, item: str) -> HttpResponse:
    """Every price one item has had in a region."""
    if component not in list(CostComponent):
        raise Http404("Nothing of this name is priced.")
    now = timezone.now()
    key = (region, CostComponent(component), item)
    held, in_force, _ = queries.item_history(key, now.date())
    context = {
        "key": key,
        "place": words.place(key),
        "unit": words.unit(key[1]),
        "in_force": in_force,
        "in_force_words": words.exact(in_force.amount, in_force.currency) if in_force else "",
        "rows": [
            (
                each, words.exact(each.amount, each.currency), words.LAYERS[each.layer],
                words.days(each.first, each.last), words.source(each), words.state(each, in_force, now.date()),
            )
            for each in held
        ],
    }  # fmt: skip
    return htmx.page(request, "pages/prices/item.html", context)


@require_GET
def csv_file(request: htmx.HtmxHttpRequest) -> StreamingHttpResponse:
    """Every price of the regions in view, through time."""
    scoped = scope.read(request, has_range=False)
    lines = csv_lines(COLUMNS, _records(scoped.filter))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="prices.csv"'
    response["Cache-Control"] = "no-store"
    return response


def _records(where: Any) -> Iterator[Mapping[str, Any]]:
    for price in queries.files(where):
        yield {
            "region": price.region,
            "component": price.component.value,
            "item": price.item,
            "unit": UNITS[price.component],
            "amount": f"{price.amount.normalize():f}",
            "currency": price.currency,
            "first_day": price.first.isoformat() if price.first else "",
            "last_day": price.last.isoformat() if price.last else "",
            "origin": words.LAYERS[price.layer],
            "is_assumed": price.is_assumed,
            "source": price.source,
            "source_date": price.source_date.isoformat(),
        }


def _row(row: UsedPrice) -> dict[str, Any]:
    price = row.price
    return {
        "used": row,
        "place": words.place(row.key),
        "unit": words.unit(row.component),
        "amount": words.exact(price.amount, price.currency) if price else "",
        "layer": words.LAYERS[price.layer] if price else "",
        "is_manual": price is not None and price.layer is Layer.MANUAL,
        "source": words.source(price) if price else "",
        "days": words.days(price.first, price.last) if price else "",
    }


def _sentence(found: PricePage, now: datetime) -> dict[str, Any]:
    """How many are unpriced, and where the others come from: "51 from AWS's price list, read 4 min ago." """
    read = _oldest_reading(found)
    snapshot = found.from_layer(Layer.BUILT_IN) + found.from_layer(Layer.STORED_SNAPSHOT)
    parts = [
        (
            found.from_layer(Layer.PRICE_LIST),
            "AWS's price list" + (f", read {wording.ago(read, now)}" if read else ""),
        ),
        (snapshot, f"the built-in snapshot of {found.snapshot_date:%-d %b %Y}"),
        (found.from_layer(Layer.MANUAL), "what was entered by hand"),
    ]
    told = "; ".join(f"{count} from {where}" for count, where in parts if count)
    return {"unpriced": sum(row.usd is None for row in found.used), "sources": f"{told}." if told else ""}


def _oldest_reading(found: PricePage) -> datetime | None:
    """When the price list that was read longest ago was read; None while any never was."""
    times = [each.read_at for each in found.readings]
    known = [time for time in times if time is not None]
    return min(known) if known and len(known) == len(times) else None


def _passed_over(each: queries.RegionReading) -> list[str]:
    found = each.reading.passed_over if each.reading else {}
    return [f"{count} {why}" for why, count in sorted(found.items())]


def _key(row: Any) -> tuple[str, CostComponent, str]:
    return row.region, CostComponent(row.component), row.item


def _days(row: Any) -> str:
    return words.days(row.first_day, row.last_day)


def _discount(row: Any) -> str:
    if row.percent is not None:
        return f"{row.percent.normalize():f} %"
    return f"{words.exact(row.usd_per_hour)} an hour"


def _reach(row: Any) -> str:
    if row.percent is None:
        return f"{words.place(_key(row))} in {row.region}"
    return COMPONENT_LABELS[row.component] if row.component else "All components"
