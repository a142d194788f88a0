"""What containers and inference components cost on their tabs: shared as chosen, adding up to the endpoint's cost."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from fleet.models import (
    ComponentPeriod,
    Container,
    Endpoint,
    HostedModel,
    InferenceComponent,
    PartHour,
    ProductionVariant,
)
from fleet.types import CostComponent, Kind
from tests.data.dashboards import rows
from tests.data.dashboards.cost_rows import cost, today

pytestmark = pytest.mark.django_db

DAY_USD = Decimal("138.048")  # 24 h of ml.g6.12xlarge at $5.752


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(rows.user())
    return client


def midnight() -> datetime:
    return datetime.combine(today() - timedelta(days=1), datetime.min.time(), UTC)


def gpus(kind: Kind) -> Endpoint:
    """An endpoint that ran one ml.g6.12xlarge (4 GPUs) all of yesterday, with a third of a cent of storage."""
    live = {"instance_type": "ml.g6.12xlarge", "current_instance_count": 1, "desired_instance_count": 1}
    found = rows.endpoint(rows.shard(), "gpus", kind, live=live)
    common: dict[str, Any] = {"day": midnight().date()}
    cost(
        found, str(DAY_USD), component=CostComponent.INSTANCE_TIME, item="ml.g6.12xlarge", usd="5.752",
        unit="instance-hour", **common,
    )  # fmt: skip
    cost(
        found, "0.003333333333", component=CostComponent.STORAGE, item="gp2", usd="0.14", unit="GB-month",
        **common,
    )  # fmt: skip
    return found


def component(
    of: Endpoint, name: str, *periods: tuple[float, float | None, int], accelerators: float = 1
) -> None:
    """An inference component with its periods: from hour, to hour (None: still), copies."""
    found = InferenceComponent.objects.create(
        endpoint=of, name=name, variant_name="AllTraffic", status="InService", current_copies=1,
        desired_copies=1, created_at=midnight(), modified_at=midnight(),
    )  # fmt: skip
    for start, end, copies in periods:
        ComponentPeriod.objects.create(
            component=found,
            start=midnight() + timedelta(hours=start),
            end=None if end is None else midnight() + timedelta(hours=end),
            copies=copies,
            accelerators=accelerators,
        )


def containers(of: Endpoint, mode: str, *names: str) -> None:
    document = {"InferenceExecutionConfig": {"Mode": mode}}
    model = HostedModel.objects.create(
        shard=of.shard, name="gpus-model", arn="m", created_at=midnight(), document=document
    )
    ProductionVariant.objects.filter(config=of.config).update(model_name=model.name)
    for position, name in enumerate(names):
        Container.objects.create(model=model, position=position, hostname=name, image=f"image:{name}")


def calls(of: Endpoint, kind: str, **counts: float) -> None:
    for name, count in counts.items():
        PartHour.objects.create(
            variant=rows.variant(of),
            of=kind,
            name=name,
            at=midnight() + timedelta(hours=3),
            invocations=count,
        )


def shares(reader: Client, of: Endpoint, tab: str, **query: str) -> dict[str, Decimal]:
    """Exact amounts by part as the section shows them; asserts that they add up, exactly and in cents."""
    answer = reader.get(f"/endpoints/{of.pk}/tab/{tab}/", {"range": "7d", **query})
    html = answer.content.decode()
    section = html[html.index('id="cost-shares"') :]
    (total,) = re.findall(r'class="share-sum" title="([^"]+)"><span[^>]*>([\d.,]+)<', section)
    found = re.findall(
        r'<th scope="row"[^>]*>(.*?)</th>.*?class="share-usd" title="([^"]+)"><span[^>]*>([\d.,]+)<',
        section,
        re.DOTALL,
    )
    assert sum(Decimal(exact) for _, exact, _ in found) == Decimal(total[0])
    assert sum(Decimal(cents) for *_, cents in found) == Decimal(total[1])
    return {re.sub(r"<[^>]*>|\s", "", name): Decimal(exact) for name, exact, _ in found}


def test_components_share_by_what_their_copies_reserved_over_time(reader: Client) -> None:
    found = gpus(Kind.INFERENCE_COMPONENT)
    component(found, "chat", (0, 12, 1), (12, None, 2))
    component(found, "rank", (18, 24, 1))
    got = shares(reader, found, "components")
    whole = DAY_USD + Decimal("0.003333333333")
    # chat: 12 h × 1/4 + 12 h × 2/4 = 9 instance-hours of 24; rank: 6 h × 1/4 = 1.5; 13.5 are free.
    assert got["chat"] == pytest.approx(whole * 9 / 24)
    assert got["rank"] == pytest.approx(whole * Decimal("1.5") / 24)
    assert got["Unallocated"] == pytest.approx(whole * Decimal("13.5") / 24)


def test_half_a_cent_goes_the_same_way_in_the_parts_and_in_their_sum(reader: Client) -> None:
    found = gpus(Kind.INFERENCE_COMPONENT)
    component(found, "chat", (0, 24, 4))
    # With $138.048 and a third of a cent: $140.005 in all, which is halfway between two cents.
    cost(
        found, "1.953666666667", component=CostComponent.STORAGE, item="gp3", usd="0.14", unit="GB-month",
        day=midnight().date(),
    )  # fmt: skip
    assert shares(reader, found, "components")["chat"] == Decimal("140.005")


def test_components_share_by_calls_or_evenly_when_asked_to(reader: Client) -> None:
    found = gpus(Kind.INFERENCE_COMPONENT)
    component(found, "chat", (0, None, 1))
    component(found, "rank", (0, None, 1))
    calls(found, "component", chat=300.0, rank=100.0)
    got = shares(reader, found, "components", by="calls")
    assert got["chat"] == pytest.approx(got["rank"] * 3)
    got = shares(reader, found, "components", by="evenly")
    assert got["chat"] == pytest.approx(got["rank"])


def test_a_component_whose_reservation_is_not_known_says_so(reader: Client) -> None:
    found = gpus(Kind.INFERENCE_COMPONENT)
    component(found, "odd", (0, None, 1), accelerators=0)
    ComponentPeriod.objects.update(accelerators=None)
    answer = reader.get(f"/endpoints/{found.pk}/tab/components/", {"range": "7d"})
    words = rows.words(answer.content.decode())
    assert "not known" in words
    assert "What odd reserves is not known: its part is in the unallocated one." in words


def test_containers_called_one_by_one_share_by_their_calls(reader: Client) -> None:
    found = gpus(Kind.MULTI_CONTAINER)
    containers(found, "Direct", "first", "second")
    calls(found, "container", first=90.0, second=10.0)
    got = shares(reader, found, "containers")
    assert got["first"] == pytest.approx(got["second"] * 9)
    assert "Unallocated" not in got


def test_steps_of_a_pipeline_share_evenly(reader: Client) -> None:
    found = gpus(Kind.MULTI_CONTAINER)
    containers(found, "Serial", "first", "second", "third")
    got = shares(reader, found, "containers")
    assert set(got) == {"first", "second", "third"}
    assert max(got.values()) - min(got.values()) < Decimal("1e-9")


def test_without_a_cost_there_is_nothing_to_share(reader: Client) -> None:
    live = {"instance_type": "ml.g6.12xlarge", "current_instance_count": 1, "desired_instance_count": 1}
    found = rows.endpoint(rows.shard(), "gpus", Kind.INFERENCE_COMPONENT, live=live)
    component(found, "chat", (0, None, 1))
    html = reader.get(f"/endpoints/{found.pk}/tab/components/").content.decode()
    assert "No cost to share" in html


def test_an_unknown_choice_falls_back_to_the_usual_one(reader: Client) -> None:
    found = gpus(Kind.INFERENCE_COMPONENT)
    component(found, "chat", (0, None, 4))
    assert shares(reader, found, "components", by="<b>")["chat"] == DAY_USD + Decimal("0.003333333333")
