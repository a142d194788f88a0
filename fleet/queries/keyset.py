"""Pages of a list by key: what comes after the last row shown, whatever was added or removed in between."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

T = TypeVar("T")
Row = TypeVar("Row", bound=Model)
Key = tuple[str | int | datetime, ...]


@dataclass(frozen=True)
class Slice(Generic[T]):
    """Some rows of a list; last: the key of the last of them, None when nothing comes after it."""

    rows: list[T]
    last: Key | None


def rows(found: QuerySet[Row], order: Sequence[str], after: Key | None, limit: int) -> Slice[Row]:
    """The first `limit` rows behind the key `after`; order: field paths, "-" for descending, unique together."""
    if after is not None:
        found = found.filter(_behind(order, after))
    shown = list(found.order_by(*order)[: limit + 1])
    paths = [field.removeprefix("-") for field in order]
    return cut(shown, lambda row: tuple(_value(row, path) for path in paths), limit)


def cut(found: Sequence[T], key: Callable[[T], Key], limit: int) -> Slice[T]:
    """The first `limit` of `found`, which holds one more where something comes after them."""
    shown = list(found[:limit])
    return Slice(shown, key(shown[-1]) if len(found) > limit else None)


def _behind(order: Sequence[str], after: Key) -> Q:
    """(a, b) > (x, y) as a > x, or a = x and b > y."""
    condition, equal = Q(), Q()
    for field, value in zip(order, after, strict=True):
        path = field.removeprefix("-")
        side = "lt" if field.startswith("-") else "gt"
        condition |= equal & Q(**{f"{path}__{side}": value})
        equal &= Q(**{path: value})
    return condition


def _value(row: Any, path: str) -> Any:
    for part in path.split("__"):
        row = getattr(row, part)
    return row
