"""Anything iterable in lists of bounded length: statements and calls of a size that the other side takes."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of `size` items, the last one shorter; lazily, so that nobody reads further than the consumer does."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
