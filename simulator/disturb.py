"""Changes answers that were carried out well: odd pages, unknown values, late and revised metric points."""

from __future__ import annotations

import json
import random
from datetime import datetime
from typing import Any

from simulator.faults import Fault
from simulator.paging import first_page_token

TOKENS = ("NextToken", "PaginationToken")
# A member no service model has, as a newer AWS would send it.
NEW_MEMBER = ("FieldOfTomorrow", {"Nested": [1, "two"]})


def edited(
    result: dict[str, Any], edits: list[Fault], params: dict[str, Any], now: datetime
) -> dict[str, Any]:
    """The answer with every edit applied; the original stays as it is, because documents are shared."""
    for rule in edits:
        if rule.kind in PAGES:
            result = PAGES[rule.kind](result, params, rule)
        elif rule.kind == "unknown-enum":
            result = _replaced(result, rule.field, rule.value)
        elif rule.kind in POINTS:
            result = _points(result, rule, now)
    return result


def with_new_members(body: bytes, edits: list[Fault]) -> bytes:
    """A JSON body with a member no model knows, at the top and in every listed item."""
    if not any(rule.kind == "unknown-field" for rule in edits):
        return body
    return json.dumps(_extended(json.loads(body))).encode()


def _extended(value: Any) -> Any:
    if isinstance(value, dict):
        name, new = NEW_MEMBER
        return {**{key: _extended(item) for key, item in value.items()}, name: new}
    return [_extended(item) for item in value] if isinstance(value, list) else value


def _lists(result: dict[str, Any]) -> list[str]:
    return [name for name, value in result.items() if isinstance(value, list)]


def _token_name(result: dict[str, Any]) -> str:
    return next((name for name in TOKENS if name in result), TOKENS[0])


def _repeat_token(result: dict[str, Any], params: dict[str, Any], rule: Fault) -> dict[str, Any]:
    name = _token_name(result)
    return {**result, name: params.get(name) or first_page_token()}


def _empty_page(result: dict[str, Any], params: dict[str, Any], rule: Fault) -> dict[str, Any]:
    name = _token_name(result)
    # The page comes next, under a token that is not the one just sent.
    following = first_page_token(rule.hits, params.get(name))
    return {**result, **{key: [] for key in _lists(result)}, name: following}


def _empty_list(result: dict[str, Any], params: dict[str, Any], rule: Fault) -> dict[str, Any]:
    return {**result, **{key: [] for key in _lists(result)}, _token_name(result): None}


def _without_list(result: dict[str, Any], params: dict[str, Any], rule: Fault) -> dict[str, Any]:
    lists = _lists(result)
    return {key: value for key, value in result.items() if key not in lists}


PAGES = {
    "repeat-token": _repeat_token,
    "empty-page": _empty_page,
    "empty-list": _empty_list,
    "without-list": _without_list,
}


def _replaced(value: Any, name: str, new: str) -> Any:
    if isinstance(value, dict):
        return {key: new if key == name else _replaced(item, name, new) for key, item in value.items()}
    return [_replaced(item, name, new) for item in value] if isinstance(value, list) else value


POINTS = ("late-points", "revised-points", "shuffled-points")


def _points(result: dict[str, Any], rule: Fault, now: datetime) -> dict[str, Any]:
    rows = [_series(row, rule, now) for row in result.get("MetricDataResults", [])]
    return {**result, "MetricDataResults": rows}


def _series(row: dict[str, Any], rule: Fault, now: datetime) -> dict[str, Any]:
    """One series: its newest `seconds` withheld, multiplied by `factor`, or all its points out of order."""
    newest = now.timestamp() - rule.seconds
    pairs = list(zip(row["Timestamps"], row["Values"], strict=True))
    if rule.kind == "late-points":
        pairs = [(stamp, value) for stamp, value in pairs if _epoch(stamp) < newest]
    elif rule.kind == "revised-points":
        pairs = [(s, value * rule.factor if _epoch(s) >= newest else value) for s, value in pairs]
    else:
        random.Random(rule.seed + rule.hits).shuffle(pairs)
    return {**row, "Timestamps": [stamp for stamp, _ in pairs], "Values": [value for _, value in pairs]}


def _epoch(stamp: float | datetime) -> float:
    return stamp.timestamp() if isinstance(stamp, datetime) else stamp
