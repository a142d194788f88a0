"""Every figure of an endpoint's page says its state, window, age and call; none shows 0 for what is not known."""

import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dashboards import truth
from dashboards.endpoint.tabs import TABS
from fleet.models import (
    ChangeEvent,
    Container,
    Endpoint,
    EndpointConfig,
    HostedModel,
    HourBucket,
    InferenceComponent,
    PartHour,
    VariantStatus,
)
from fleet.types import Kind
from tests.data.dashboards import rows
from tests.data.dashboards.cost_rows import cost, today

pytestmark = pytest.mark.django_db
INSTANCES = {"instance_type": "ml.m5.large", "current_instance_count": 1, "desired_instance_count": 1}


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(rows.user("viewer"))
    return client


def some(kind: Kind, name: str = "some") -> Endpoint:
    live = {"memory_mb": 2048, "max_concurrency": 5} if kind is Kind.SERVERLESS else INSTANCES
    return rows.endpoint(rows.shard(), name, kind, live=live)


def page(client: Client, of: Endpoint, tab: str, **query: str) -> Any:
    return client.get(reverse("endpoints:tab", args=[of.pk, tab]), {"range": "7d", **query})


class Labels(HTMLParser):
    """Counts tiles and charts, and which of them hold a label."""

    def __init__(self) -> None:
        super().__init__()
        self.tiles: list[str] = []
        self.figures = 0
        self.labels: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        classes = (found.get("class") or "").split()
        if "tile" in classes:
            self.tiles.append(found.get("data-truth") or "")
        if "chart-figure" in classes:
            self.figures += 1
        if "explain" in classes and "kind-why" not in classes:
            self.labels.append(found.get("data-truth") or "")


ABSENT = {
    Kind.SERVERLESS: {"CPU", "GPU", "Cache hit ratio", "Waiting now"},
    Kind.ASYNCHRONOUS: {"Calls", "Cache hit ratio", "Cold starts"},
    Kind.REAL_TIME: {"Cold starts", "Cache hit ratio", "Waiting now", "Spilled over"},
    Kind.MULTI_MODEL: {"Cold starts", "Waiting now"},
    Kind.INFERENCE_COMPONENT: {"Cold starts", "Cache hit ratio", "Waiting now"},
}
"""Tiles that would stand for metrics AWS does not publish for the kind."""
WITHOUT_FIGURES = {"scaling", "configuration", "timeline", "operations"}


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("has_data", [True, False])
def test_every_tile_and_chart_of_every_kind_is_labelled(viewer: Client, kind: Kind, has_data: bool) -> None:
    found = some(kind)
    if has_data:
        rows.hour_bucket(
            found, rows.hour() - timedelta(hours=4), invocations=9.0, processed=9.0, cache_hit_count=4.0,
            cache_hit_sum=3.0, backlog_max=2.0, cpu_pct=40.0, memory_pct=50.0, model_latency_ms_p99=80.0,
            setup_count=1.0,
        )  # fmt: skip
    states = {state.value for state in truth.Truth}
    for tab in (tab for tab in TABS if tab.applies_to(kind) and tab.key not in WITHOUT_FIGURES):
        answer = page(viewer, found, tab.key)
        assert not {tile.label for tile in answer.context.get("tiles") or ()} & ABSENT.get(kind, set()), (
            tab.key
        )
        seen = Labels()
        seen.feed(answer.content.decode())
        assert set(seen.tiles) <= states, tab.key
        assert set(seen.labels) <= states
        assert len(seen.labels) >= len(seen.tiles) + seen.figures, tab.key
        for tile in answer.context.get("tiles") or ():
            assert tile.explain is not None, (tab.key, tile.label)
            assert tile.explain.window, (tab.key, tile.label)
            assert tile.explain.call, (tab.key, tile.label)
            assert tile.explain.basis in states, (tab.key, tile.label)
            assert tile.number is not None or tile.reason
            if not has_data and "cloudwatch" in tile.explain.call:
                assert tile.number is None, (tab.key, tile.label, tile.number)


def test_figures_that_should_be_newer_are_marked_old(viewer: Client) -> None:
    found = some(Kind.REAL_TIME)
    rows.hour_bucket(found, rows.hour() - timedelta(hours=30), invocations=9.0)
    fresh = page(viewer, found, "summary").content.decode()
    assert 'data-truth="stale"' not in fresh
    found.variants.update(metrics_until=rows.now() - timedelta(hours=24), metrics_cadence_s=300)
    old = page(viewer, found, "summary")
    assert 'data-truth="stale"' in old.content.decode()
    calls = next(tile for tile in old.context["tiles"] if tile.label == "Calls")
    assert (calls.number, truth.of(calls.explain, has_figure=True)) == ("9", truth.Truth.STALE)
    assert "old, until" in rows.words(old.content.decode())


def test_costs_until_the_last_closed_hour_are_not_old(viewer: Client) -> None:
    found = some(Kind.REAL_TIME)
    until = rows.now() - timedelta(minutes=59)
    cost(found, "2.40", day=today() - timedelta(days=1), data_until=until)
    tab = page(viewer, found, "cost")
    yesterday = next(tile for tile in tab.context["tiles"] if tile.label == "Yesterday")
    assert yesterday.number == "$2.40"
    assert truth.of(yesterday.explain, has_figure=True) is not truth.Truth.STALE
    assert "old, until" not in rows.words(tab.content.decode())


def test_why_this_kind_stands_in_a_popover_without_javascript(viewer: Client) -> None:
    found = some(Kind.SERVERLESS)
    Endpoint.objects.filter(pk=found.pk).update(
        kind_reason="variant AllTraffic has ServerlessConfig (DescribeEndpointConfig)",
        described_at=rows.now() - timedelta(minutes=3),
    )
    html = page(viewer, found, "summary").content.decode()
    panel = html[html.index("kind-why") :]
    assert "<summary" in panel[:200]
    assert (
        "Serverless because variant AllTraffic has ServerlessConfig (DescribeEndpointConfig)"
        in rows.words(panel)
    )
    assert re.search(r"Last described 3 min ago", rows.words(panel))


def test_idle_is_said_with_its_reason(viewer: Client) -> None:
    found = some(Kind.REAL_TIME)
    Endpoint.objects.filter(pk=found.pk).update(activity="idle", activity_reason="no call in 14 days")
    assert "Idle: no call in 14 days" in rows.words(page(viewer, found, "summary").content.decode())
    Endpoint.objects.filter(pk=found.pk).update(activity="cannot-tell", activity_reason="it is Failed")
    assert "Cannot tell: it is Failed" in rows.words(page(viewer, found, "summary").content.decode())


def test_a_shadow_variant_is_shown_and_never_counted(viewer: Client) -> None:
    found = some(Kind.REAL_TIME)
    shadow = VariantStatus.objects.create(
        endpoint=found,
        name="shadow",
        is_shadow=True,
        current_weight=1.0,
        metrics_until=rows.now(),
        **INSTANCES,
    )
    at = rows.hour() - timedelta(hours=4)
    rows.hour_bucket(found, at, invocations=100.0)
    type(shadow).objects.filter(pk=shadow.pk).update(current_weight=0.5)

    HourBucket.objects.create(variant=shadow, at=at, period_s=3600, invocations=900.0)
    answer = page(viewer, found, "summary")
    assert next(t for t in answer.context["tiles"] if t.label == "Calls").number == "100"
    HostedModel.objects.create(
        shard=found.shard, name="some-model", arn="a", created_at=at, document={"ModelName": "some-model"}
    )
    words = rows.words(page(viewer, found, "configuration").content.decode())
    assert "Shadow variant shadow weight 0.50 beside" in words


def test_the_slowest_container_is_named_with_its_share(viewer: Client) -> None:
    found = some(Kind.MULTI_CONTAINER)
    document = {"ModelName": "some-model", "InferenceExecutionConfig": {"Mode": "Serial"}}
    model = HostedModel.objects.create(
        shard=found.shard, name="some-model", arn="a", created_at=rows.now(), document=document
    )
    for position, name in enumerate(("first", "second", "third")):
        Container.objects.create(model=model, position=position, hostname=name, image=f"image:{name}")
    at, live = rows.hour() - timedelta(hours=3), rows.variant(found)
    for name, total in (("first", 1_000.0), ("second", 8_000.0)):
        PartHour.objects.create(
            variant=live,
            of="container",
            name=name,
            at=at,
            invocations=10.0,
            latency_ms_sum=total,
            latency_count=10.0,
        )
    answer = page(viewer, found, "containers")
    shown = {row["container"].hostname: row for row in answer.context["rows"]}
    assert [row["container"].hostname for row in answer.context["rows"]] == ["first", "second", "third"]
    assert (shown["second"]["is_slowest"], round(shown["second"]["share"], 3)) == (True, 0.889)
    assert (shown["third"]["share"], shown["third"]["use"].calls) == (None, None)
    words = rows.words(answer.content.decode())
    assert "3 of 15" in words
    assert "Slowest container" in words


def test_components_show_copies_shares_and_their_own_figures(viewer: Client) -> None:
    found = some(Kind.INFERENCE_COMPONENT)
    needs = {"NumberOfAcceleratorDevicesRequired": 1, "MinMemoryRequiredInMb": 16384}
    component = {"Specification": {"ComputeResourceRequirements": needs}}
    for name, copies in (("chat", 1), ("summary", 0)):
        InferenceComponent.objects.create(
            endpoint=found, name=name, variant_name="AllTraffic", status="InService", current_copies=copies,
            desired_copies=1, created_at=rows.now(), modified_at=rows.now(), document=component,
        )  # fmt: skip
    PartHour.objects.create(
        variant=rows.variant(found), of="component", name="chat", at=rows.hour() - timedelta(hours=2),
        invocations=50.0, latency_ms_sum=100_000.0, latency_count=50.0,
    )  # fmt: skip
    answer = page(viewer, found, "components")
    uses = {
        component.name: (share.memory_min_mb, use.calls, use.latency_ms)
        for component, share, use in answer.context["rows"]
    }
    assert uses == {"chat": (16384, 50.0, 2000.0), "summary": (16384, None, None)}
    assert "1 of 2 wanted" in rows.words(answer.content.decode())


def test_two_configs_of_the_history_are_compared_by_choice(viewer: Client) -> None:
    found = some(Kind.SERVERLESS)
    made = rows.now() - timedelta(days=3)

    def config(name: str, maximum: int) -> EndpointConfig:
        variant = {"VariantName": "AllTraffic", "ServerlessConfig": {"MaxConcurrency": maximum}}
        return EndpointConfig.objects.create(
            shard=found.shard,
            name=name,
            arn=name,
            created_at=made,
            document={"ProductionVariants": [variant]},
        )

    configs = [config(f"cfg-{n}", n * 10) for n in (1, 2, 3)]
    for n, (before, after) in enumerate((("cfg-1", "cfg-2"), ("cfg-2", "cfg-3"))):
        ChangeEvent.objects.create(
            endpoint=found, at=made + timedelta(days=n), category="config", summary="x",
            before={"config_name": before}, after={"config_name": after},
        )  # fmt: skip
    Endpoint.objects.filter(pk=found.pk).update(config=configs[2], config_name="cfg-3")
    newest = page(viewer, found, "configuration").context["comparison"]
    assert (newest["before"], newest["after"]) == ("cfg-2", "cfg-3")
    chosen = page(viewer, found, "configuration", before="cfg-1", after="cfg-3")
    assert [(r["field"], r["before"], r["after"]) for r in chosen.context["comparison"]["rows"]] == [
        ("AllTraffic: Max concurrency", "10", "30")
    ]
    assert [item.name for item in chosen.context["history"]] == ["cfg-3", "cfg-2", "cfg-1"]
    timeline = page(viewer, found, "timeline").content.decode()
    assert "before=cfg-1&amp;after=cfg-2#compare" in timeline
    strange = page(viewer, found, "configuration", before="<script>", after="gone")
    assert strange.status_code == 200
    assert "<script>alert" not in strange.content.decode()


@pytest.mark.parametrize(
    ("instances", "processed", "waiting", "number", "words"),
    [
        (1, 60.0, 30.0, "30 min", "30 waiting"),
        (1, 60.0, 0.0, "0 s", "the queue is empty"),
        (0, 0.0, 12.0, None, "no instance runs"),
        (1, 0.0, 12.0, None, "nothing was processed in the last hour"),
        (1, 5.0, None, None, "No backlog was reported"),
    ],
)
def test_when_a_queue_will_be_empty(
    viewer: Client, instances: int, processed: float, waiting: float | None, number: str | None, words: str
) -> None:
    live = {**INSTANCES, "current_instance_count": instances}
    ocr = rows.endpoint(rows.shard(), "ocr", Kind.ASYNCHRONOUS, live=live)
    columns = (
        {"processed": processed} if waiting is None else {"processed": processed, "backlog_max": waiting}
    )
    rows.hour_bucket(ocr, rows.hour() - timedelta(hours=1), **columns)
    answer = page(viewer, ocr, "async")
    tile = next(tile for tile in answer.context["tiles"] if tile.label == "Empty in")
    assert tile.number == number
    assert words in (tile.note or tile.reason)
