"""Two configs of an endpoint's history side by side, chosen in the query string."""

from collections.abc import Sequence
from typing import Any

from django.http import QueryDict

from dashboards import wording
from fleet.models import Endpoint
from fleet.queries import config_history
from fleet.queries.config_history import Used


def context(endpoint: Endpoint, query: QueryDict) -> dict[str, Any]:
    """The compare form and its answer; nothing to compare while fewer than two configs were read."""
    found = config_history.used(endpoint)
    chosen = config_history.pair(found, query.get("before", ""), query.get("after", ""))
    if chosen is None:
        return {"history": found, "comparison": None}
    before, after = chosen
    kept = [
        (key, value) for key, values in query.lists() for value in values if key not in {"before", "after"}
    ]
    return {
        "history": found,
        "comparison": _comparison(before, after),
        "comparable": _readable(found),
        "kept": kept,
    }


def _readable(found: Sequence[Used]) -> list[Used]:
    return [item for item in found if item.config is not None]


def _comparison(before: Used, after: Used) -> dict[str, Any]:
    old, new = (item.config.document if item.config else {} for item in (before, after))
    rows = [
        {"field": row.field, "before": shown(row.before), "after": shown(row.after), "path": row.path}
        for row in config_history.differences(old, new)
    ]
    same = len(config_history.settings(new)) - sum(row["after"] != "not set" for row in rows)
    return {
        "before": before.name,
        "after": after.name,
        "rows": rows,
        "unchanged": f"{wording.plural(same, 'other setting')} alike" if same else "",
    }


def shown(value: Any) -> str:
    """A setting as text: absence in words, whole numbers without a point."""
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)
