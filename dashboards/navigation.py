"""The navigation as data. A page appears here when it is built, not before."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse


@dataclass(frozen=True)
class NavItem:
    """One entry: the URL name of the page, its words, its icon, and which count of the shell it carries."""

    url_name: str
    label: str
    icon: str
    badge: str = ""

    @property
    def family(self) -> str:
        """The URL namespace; every page of it lights this entry."""
        return self.url_name.partition(":")[0]


@dataclass(frozen=True)
class NavGroup:
    """Entries under one heading."""

    label: str
    items: tuple[NavItem, ...]


@dataclass(frozen=True)
class NavLink:
    """An entry as it is drawn on one page."""

    label: str
    icon: str
    url: str
    is_current: bool
    count: int
    is_bad: bool
    count_label: str


NAVIGATION: tuple[NavGroup, ...] = (
    NavGroup(
        "Fleet",
        (
            NavItem("overview:page", "Overview", "layout-dashboard"),
            NavItem("endpoints:page", "Endpoints", "server-2"),
            NavItem("batch:page", "Batch", "packages"),
            NavItem("orphans:page", "Orphans", "trash"),
        ),
    ),
    NavGroup(
        "Insight",
        (
            NavItem("costs:page", "Costs", "currency-dollar"),
            NavItem("budgets:page", "Budgets", "coin"),
            NavItem("prices:page", "Prices", "tag"),
            NavItem("cold_starts:page", "Cold starts", "snowflake"),
            NavItem("cache:page", "Cache", "database"),
        ),
    ),
    NavGroup(
        "Act",
        (
            NavItem("advisor:page", "Advisor", "bulb"),
            NavItem("operations:page", "Operations", "player-play", badge="operations"),
            NavItem("scaling:page", "Scaling", "arrows-diagonal"),
            NavItem("alerts:page", "Alerts", "bell", badge="incidents"),
        ),
    ),
    NavGroup(
        "System",
        (
            NavItem("quotas:page", "Quotas", "gauge"),
            NavItem("sync:page", "Sync", "refresh"),
            NavItem("audit:page", "Audit", "history"),
            NavItem("settings:page", "Settings", "settings"),
        ),
    ),
)


def stand_under(request: HttpRequest, family: str) -> None:
    """Note that a page belongs under another entry than that of its own address."""
    request.page_family = family  # type: ignore[attr-defined]


def family_of(request: HttpRequest) -> str:
    """The namespace whose entry a page lights; "" where it has none."""
    match = request.resolver_match
    family = match.namespace.partition(":")[0] if match else ""
    if family == "operations" and request.path.startswith(reverse("endpoints:page")):
        # A change is begun on its endpoint; the operation that comes of it has a page of its own.
        return "endpoints"
    return getattr(request, "page_family", "") or family


def links(current_family: str, counts: dict[str, int], query: str) -> list[tuple[str, list[NavLink]]]:
    """Groups with their links; every link carries the scope `query` ("" or "account=…&range=…").

    An entry whose page is not routed in this installation is left out rather than drawn dead.
    """
    groups = []
    for group in NAVIGATION:
        drawn = [link for item in group.items if (link := _link(item, current_family, counts, query))]
        if drawn:
            groups.append((group.label, drawn))
    return groups


def _link(item: NavItem, current_family: str, counts: dict[str, int], query: str) -> NavLink | None:
    try:
        url = reverse(item.url_name)
    except NoReverseMatch:
        return None
    return NavLink(
        label=item.label,
        icon=item.icon,
        url=f"{url}?{query}" if query else url,
        is_current=item.family == current_family,
        count=counts.get(item.badge, 0),
        is_bad=item.badge == "incidents",
        count_label="open incidents" if item.badge == "incidents" else "running",
    )
