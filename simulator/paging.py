"""Pages of a listing, with opaque tokens that name where the next page starts."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import TypeVar

from simulator.errors import ServiceError

T = TypeVar("T")


def page(
    items: Sequence[T], token: str | None, size: int, code: str = "ValidationException"
) -> tuple[list[T], str | None]:
    """One page of `items` and the token of the next, None at the end. A foreign token raises `code`."""
    start = 0
    if token:
        try:
            start = _start(token)
        except ValueError as error:
            raise ServiceError(code, "Invalid NextToken") from error
    end = start + size
    following = urlsafe_b64encode(f"at:{end}".encode()).decode() if end < len(items) else None
    return list(items[start:end]), following


def _start(token: str) -> int:
    return int(urlsafe_b64decode(token.encode()).decode().removeprefix("at:").partition(":")[0])


def first_page_token(salt: int = 0, after: str | None = None) -> str:
    """A token of the first page, or of the page `after` stands for; tokens of other salts read differently."""
    start = _start(after) if after else 0
    return urlsafe_b64encode(f"at:{start}:{salt}".encode()).decode()
