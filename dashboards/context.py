"""The context every page has: navigation with its counts, scope and range pickers, age of the data, theme."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import SafeString

from dashboards import frame, looking, navigation, staleness, wording
from dashboards.scope import RANGES, PageScope
from fleet.queries.shell import ShardAge, Standing

THEMES = ("light", "dark")


@dataclass(frozen=True)
class Choice:
    """One option of a picker: value, words, whether it is chosen, and for links the query string."""

    value: str
    label: str
    is_on: bool
    query: str = ""


@dataclass(frozen=True)
class DataAge:
    """How old the oldest enabled shard's endpoints or figures are, whichever is older, in words."""

    text: str
    title: str
    is_late: bool


@dataclass(frozen=True)
class Shell:
    """Everything base.html draws around a page."""

    menu: SafeString
    accounts: SafeString
    regions: SafeString
    ranges: list[Choice]
    scope_label: str
    other_parameters: list[tuple[str, str]]
    age: DataAge
    silent_since: datetime | None
    stale: str


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor. `shell` is lazy: a rendered part, a mail or an error page costs no query."""
    theme = request.COOKIES.get("theme", "")
    return {
        "now": timezone.now(),
        "page_scope": SimpleLazyObject(lambda: getattr(request, "page_scope", None)),
        "shell": SimpleLazyObject(lambda: build(request)),
        "theme": theme if theme in THEMES else "",
        "rail": request.COOKIES.get("rail", ""),
    }


def build(request: HttpRequest) -> Shell:
    """One query (fleet.queries.shell), a second where something may be old, and the state in the URL."""
    now = timezone.now()
    found = looking.standing(request, now)
    scope: PageScope | None = getattr(request, "page_scope", None)
    family = navigation.family_of(request)
    accounts = scope.filter.accounts if scope else ()
    regions = scope.filter.regions if scope else ()
    return Shell(
        menu=frame.menu(family, found.open_incidents, found.running_operations, scope.query if scope else ""),
        accounts=frame.accounts(found.accounts, accounts),
        regions=frame.regions(found.regions, regions),
        ranges=_ranges(request.GET, scope),
        scope_label=_scope_label(found, accounts, regions),
        other_parameters=[
            (key, value)
            for key, values in request.GET.lists()
            for value in values
            if key not in {"account", "region", "page"}
        ],
        age=data_age(found, now),
        silent_since=found.silent_since(now),
        stale=staleness.sentence(request, family, now, is_any_late=found.late > 0),
    )


def data_age(found: Standing, now: datetime) -> DataAge:
    """Words for the top bar; late beyond STALE_AFTER_S or where a shard was never read."""
    if not found.shards:
        return DataAge("No account yet", "Add an AWS account on the Settings page.", False)
    names = "; ".join(
        f"{shard.alias} {shard.region}, {_ages(shard, now)}" for shard in found.oldest[: found.late]
    )
    if found.oldest_at is None:
        return DataAge("Not synced yet", f"No account region has been read in full: {names}", True)
    if found.late:
        text = f"{found.late} of {found.shards} regions late"
        return DataAge(text, f"No good sync for {wording.span(settings.STALE_AFTER_S)}: {names}", True)
    title = f"The oldest of {found.shards} account regions: {_ages(found.oldest[0], now)}."
    return DataAge(f"Synced {wording.span((now - found.oldest_at).total_seconds())} ago", title, False)


def _ages(shard: ShardAge, now: datetime) -> str:
    """ "endpoints 1 min old, figures 12 min old" """
    read = (("endpoints", shard.inventory_at), ("figures", shard.metrics_at))
    return ", ".join(f"{name} {wording.span(now - at) + ' old' if at else 'never read'}" for name, at in read)


def _ranges(query: QueryDict, scope: PageScope | None) -> list[Choice]:
    if scope is None or not scope.has_range:
        return []
    choices = []
    for key, (label, _) in RANGES.items():
        wanted = query.copy()
        wanted["range"] = key
        wanted.pop("page", None)
        choices.append(Choice(key, label, key == scope.range.key, wanted.urlencode()))
    return choices


def _scope_label(found: Standing, accounts: tuple[str, ...], regions: tuple[str, ...]) -> str:
    aliases = dict(found.accounts)
    if not accounts:
        first = "All accounts"
    else:
        first = aliases.get(accounts[0], accounts[0]) if len(accounts) == 1 else f"{len(accounts)} accounts"
    if not regions:
        count = len(found.regions)
        second = f"{count} region{'' if count == 1 else 's'}"
    else:
        second = regions[0] if len(regions) == 1 else f"{len(regions)} regions"
    return f"{first} · {second}"
