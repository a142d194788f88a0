"""Eight people who look at a fleet at once: each with a role, a scope and a way of looking of one's own.

No two take the same addresses in the same order, so that much of what they ask for was asked by nobody before.
"""

from collections.abc import Sequence
from random import Random
from urllib.parse import urlencode

from fleet.models import User
from tests.bench.pages import fleets
from tests.bench.pages.load import Reader

SCOPES: tuple[list[tuple[str, str]], ...] = (
    [],
    [],
    [],
    [("account", "500000000000")],
    [("account", "500000000001"), ("account", "500000000002")],
    [("region", "eu-west-1")],
    [("region", "us-east-1"), ("region", "us-east-2")],
    [("account", "500000000000"), ("region", "eu-central-1")],
)
ROLES = (User.Role.ADMIN, User.Role.OPERATOR, User.Role.VIEWER, User.Role.OPERATOR)
RANGES = ("1h", "24h", "7d", "30d", "month")
SORTS = ("state", "name", "kind", "place", "owner", "calls", "p99", "cold", "hit", "errors", "cost")
KINDS = ("serverless", "real-time", "asynchronous", "multi-model", "inference-component")
TEAMS = ("risk", "search", "ads", "vision", "none")
LOOKS = 60
"""As many addresses of the list has each before they come again."""


def overview() -> list[Reader]:
    """Each goes round the windows of an own scope; two of three who look at everything begin elsewhere."""
    return [
        Reader(
            _headers(number), [_url("/", scope, r) for r in (*RANGES[number % 5 :], *RANGES[: number % 5])]
        )
        for number, scope in enumerate(SCOPES)
    ]


def lists(*, is_part: bool = False) -> list[Reader]:
    """Each sorts, filters, searches and turns pages; is_part: through htmx, which swaps the table alone."""
    part = {"HX-Request": "true", "HX-Target": "endpoint-list"} if is_part else {}
    return [
        Reader({**_headers(number), **part}, _looks(number, scope)) for number, scope in enumerate(SCOPES)
    ]


def same(urls: Sequence[str], headers: dict[str, str]) -> list[Reader]:
    """As many who share a few addresses, each beginning with another."""
    return [Reader(headers, [*urls[n % len(urls) :], *urls[: n % len(urls)]]) for n in range(len(SCOPES))]


def _headers(number: int) -> dict[str, str]:
    cookie = fleets.session_cookie(f"reader-{number}", ROLES[number % len(ROLES)])
    return {"Cookie": cookie, "Accept-Encoding": "gzip"}


def _url(path: str, scope: Sequence[tuple[str, str]], window: str = "", **more: str) -> str:
    query = [*scope, *([("range", window)] if window else []), *more.items()]
    return f"{path}?{urlencode(query)}" if query else path


def _looks(number: int, scope: Sequence[tuple[str, str]]) -> list[str]:
    """The same ones in every run. Half are in the order and the window that the list has by itself."""
    draw = Random(number)
    found = []
    for _ in range(LOOKS):
        more: dict[str, str] = {}
        if draw.random() < 0.5:
            more["sort"] = draw.choice(("", "-")) + draw.choice(SORTS)
        if draw.random() < 0.4:
            more["kind"] = draw.choice(KINDS)
        if draw.random() < 0.3:
            more["team"] = draw.choice(TEAMS)
        if draw.random() < 0.2:
            more["owner"] = f"person-{draw.randrange(40)}"
        if draw.random() < 0.2:
            more["q"] = draw.choice(("model-", "image-", "less-0")) + str(draw.randrange(90))
        if draw.random() < 0.3:
            more["page"] = str(draw.randrange(2, 200))
        window = draw.choice(RANGES) if draw.random() < 0.5 else ""
        found.append(_url("/endpoints/", scope if draw.random() < 0.5 else (), window, **more))
    return found
