"""Which tabs an endpoint has: those its kind publishes figures for, and those every endpoint has."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse

from fleet.types import Kind


@dataclass(frozen=True)
class Tab:
    """One tab. kinds () = every kind; why_not is said when somebody opens it on another kind by its URL."""

    key: str
    label: str
    kinds: tuple[Kind, ...] = ()
    why_not: str = ""

    @property
    def template(self) -> str:
        return f"pages/endpoint/_{self.key.replace('-', '_')}.html"

    def applies_to(self, kind: str) -> bool:
        return not self.kinds or kind in self.kinds


TABS: tuple[Tab, ...] = (
    Tab("summary", "Summary"),
    Tab("traffic", "Traffic and latency"),
    Tab(
        "cold-starts",
        "Cold starts",
        (Kind.SERVERLESS,),
        "Cold starts exist on serverless endpoints only: every other kind keeps its instances running, and AWS does "
        "not publish ModelSetupTime for it.",
    ),
    Tab(
        "cache",
        "Cache",
        (Kind.MULTI_MODEL,),
        "Only multi-model endpoints load and unload models while they run; AWS does not publish ModelCacheHit for "
        "other kinds.",
    ),
    Tab(
        "async",
        "Async",
        (Kind.ASYNCHRONOUS,),
        "Only asynchronous endpoints have a queue; AWS does not publish backlog metrics for other kinds.",
    ),
    Tab(
        "containers",
        "Containers",
        (Kind.MULTI_CONTAINER,),
        "Only multi-container endpoints have figures per container; AWS does not publish ContainerLatency for other "
        "kinds.",
    ),
    Tab(
        "components",
        "Components",
        (Kind.INFERENCE_COMPONENT,),
        "Only endpoints whose variants name no model hold inference components.",
    ),
    Tab("advice", "Advice"),
    Tab("cost", "Cost"),
    Tab("options", "Options"),
    Tab("scaling", "Scaling"),
    Tab("configuration", "Configuration"),
    Tab("built-from", "Built from"),
    Tab("ownership", "Owner and expiry"),
    Tab("timeline", "Timeline"),
    Tab("operations", "Operations"),
)
BY_KEY: Mapping[str, Tab] = {tab.key: tab for tab in TABS}


def current(key: str, wanted: str | None) -> Tab | None:
    """The tab the path names (None when there is no such tab), else the one ?tab= names, else the first."""
    if key:
        return BY_KEY.get(key)
    return BY_KEY.get(wanted or "", TABS[0])


def url(endpoint_id: int, key: str, query: str = "") -> str:
    """The address of a tab. It is a path, so that links which only change the query stay on the open tab."""
    path = reverse("endpoints:tab", args=[endpoint_id, key])
    return f"{path}?{query}" if query else path


def links(
    endpoint_id: int, kind: str, chosen: Tab, query: str, counts: Mapping[str, str]
) -> list[dict[str, object]]:
    """Tabs that apply to the kind, as links that carry the scope."""
    return [
        {
            "key": tab.key,
            "label": tab.label,
            "url": url(endpoint_id, tab.key, query),
            "is_current": tab is chosen,
            "count": counts.get(tab.key),
        }
        for tab in TABS
        if tab.applies_to(kind)
    ]
