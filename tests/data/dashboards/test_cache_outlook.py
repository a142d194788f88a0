"""What would help a model cache: the tab's options, the number that is asked for, the fleet's page, kept judgements."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from fleet import cache_judging, hosted_models
from fleet.models import (
    AuditEntry,
    CacheJudgement,
    CapacityPeriod,
    Endpoint,
    HostedModelCount,
    HourBucket,
    Shard,
)
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(rows.user("operator"))
    return client


def persona(
    name: str = "persona-mme",
    hours: int = 72,
    where: Shard | None = None,
    columns: Mapping[str, float | None] = MappingProxyType({}),
) -> Endpoint:
    """Two ml.c5.xlarge that hold 64 models each and reload: 620 of 1,000 calls an hour find their model."""
    shard = where or rows.shard(region="us-east-1")
    found = rows.multi_model(shard, name, instance_type="ml.c5.xlarge")
    usual: dict[str, float | None] = {
        "cache_hit_count": 1000.0, "cache_hit_sum": 620.0, "unload_count": 370.0, "load_count": 380.0,
        "loaded_models": 64.0, "memory_pct": 93.0, "loading_wait_ms_sum": 532_000.0, "cpu_pct": 80.0,
        "model_latency_ms_sum": 85_000.0,
    }  # fmt: skip
    variant = rows.variant(found)
    HourBucket.objects.bulk_create(
        HourBucket(
            variant=variant, at=rows.hour() - timedelta(hours=n), period_s=3600, **(usual | dict(columns))
        )
        for n in range(1, hours + 1)
    )
    return found


def tab(client: Client, endpoint: Endpoint) -> str:
    response = client.get(reverse("endpoints:tab", args=[endpoint.pk, "cache"]))
    assert response.status_code == 200
    return response.content.decode()


def test_the_tile_and_the_row_of_today_say_which_hours_each_is_of(operator: Client) -> None:
    endpoint = persona()
    operator.post(reverse("endpoints:hosted_models", args=[endpoint.pk]), {"count": "400"})
    html = tab(operator, endpoint)
    assert re.search(r"0\.62 last \d+ (days|hours)", rows.words(html)), "the tile"
    today = re.search(r'<tr id="[^"]*"[^>]*>(?:(?!</tr>).)*>Today<.*?</tr>', html, re.S)
    assert today is not None
    assert "last 7 days" in rows.words(today[0])


def test_the_number_of_hosted_models_is_asked_for_kept_and_opens_the_forecast(operator: Client) -> None:
    endpoint = persona()
    before = rows.words(tab(operator, endpoint))
    assert "How many models the endpoint hosts is not known: AWS publishes no such figure" in before
    assert "How many models does it host?" in before
    assert "More memory, more hits" not in before

    url = reverse("endpoints:hosted_models", args=[endpoint.pk])
    for typed, words in (("many", "Enter a whole number from 1"), ("0", "Enter a whole number from 1")):
        refused = operator.post(url, {"count": typed})
        assert refused.status_code == 422
        assert words in rows.words(refused.content.decode())
    assert not HostedModelCount.objects.exists()

    assert operator.post(url, {"count": "400", "reason": "S3 inventory"}).status_code == 303
    entry = AuditEntry.objects.get(action="hosted-models.set")
    assert (entry.before, entry.after, entry.reason) == (
        {"hosted_models": None},
        {"hosted_models": 400},
        "S3 inventory",
    )
    html = tab(operator, endpoint)
    found = rows.words(html)
    assert "400 hosted models, entered" in found
    assert "by operator" in found
    assert "Thrashing" in found
    assert "Larger size 2 × ml.c5.2xlarge" in found
    assert "Models on two endpoints 2 endpoints of 1 × ml.c5.xlarge" in found
    split = reverse("operations:split-models", args=[endpoint.pk])
    assert f'href="{split}?instance_count=1"' in html
    assert "nothing serves if it fails" in found
    form = reverse("operations:change-instances", args=[endpoint.pk])
    assert f'href="{form}?instance_type=ml.c5.2xlarge&amp;instance_count=2"' in html
    curve = operator.get(reverse("cache:curve", args=[endpoint.pk])).json()
    assert max(curve["data"][-1]["x"]) == 400.0

    kept = CacheJudgement.objects.get()
    assert (kept.verdict, kept.standing, kept.hosted) == ("thrashing", "forecast", 400)
    assert operator.post(url, {"count": ""}).status_code == 303
    assert not HostedModelCount.objects.exists()


def test_a_viewer_reads_and_enters_nothing(client: Client) -> None:
    endpoint = persona()
    client.force_login(rows.user("viewer"))
    html = tab(client, endpoint)
    assert "an operator can" in rows.words(html)
    assert (
        client.post(reverse("endpoints:hosted_models", args=[endpoint.pk]), {"count": "400"}).status_code
        == 403
    )


@pytest.mark.parametrize(
    ("hours", "changes", "words"),
    [
        (4, {}, "It takes 500 look-ups in 12 hours"),
        (72, {"cache_hit_count": None, "cache_hit_sum": None}, "CloudWatch reported no look-up"),
        (72, {"loaded_models": None}, "LoadedModelCount was not reported"),
        (72, {"unload_count": None, "cache_hit_sum": 995.0}, "No model was unloaded"),
    ],
)
def test_too_little_data_says_what_it_takes(
    operator: Client, hours: int, changes: dict[str, float | None], words: str
) -> None:
    endpoint = persona(hours=hours, columns=changes)
    HostedModelCount.objects.create(endpoint=endpoint, count=400, set_at=rows.now())
    assert words in rows.words(tab(operator, endpoint))


def test_models_never_called_and_a_smaller_host_are_told_where_nothing_is_unloaded(operator: Client) -> None:
    endpoint = persona(columns={"unload_count": None, "cache_hit_sum": 995.0, "memory_pct": 40.0})
    HostedModelCount.objects.create(endpoint=endpoint, count=400, set_at=rows.now())
    found = rows.words(tab(operator, endpoint))
    assert "272 hosted models or more were never called in the last 7 days" in found
    assert "Cheaper, still enough 2 × ml.c5.large" in found


def test_only_what_came_after_a_change_of_instances_counts(operator: Client) -> None:
    endpoint = persona()
    HostedModelCount.objects.create(endpoint=endpoint, count=400, set_at=rows.now())
    CapacityPeriod.objects.create(
        variant=rows.variant(endpoint), start=rows.hour() - timedelta(hours=5), instance_type="ml.c5.xlarge"
    )
    found = rows.words(tab(operator, endpoint))
    assert "It takes 500 look-ups in 12 hours" in found
    assert "Its instances are those of today since" in found


def test_judgements_are_kept_for_the_fleets_page_and_renewed_when_old_or_changed(operator: Client) -> None:
    shard = rows.shard(region="us-east-1")
    bad, fine = (
        persona(where=shard),
        persona(
            "fine-mme",
            where=shard,
            columns={"unload_count": None, "cache_hit_sum": 995.0, "cpu_pct": None},
        ),
    )
    HostedModelCount.objects.create(endpoint=bad, count=400, set_at=rows.now())
    now = rows.now()
    assert cache_judging.overdue(now) == [shard.pk]
    assert cache_judging.judge([shard.pk], now=now) == 2
    assert cache_judging.overdue(now) == []
    assert cache_judging.overdue(now + timedelta(hours=1)) == [shard.pk]
    Endpoint.objects.filter(pk=fine.pk).update(modified_at=now + timedelta(minutes=1))
    assert cache_judging.overdue(now + timedelta(minutes=2)) == [shard.pk]

    page = rows.words(operator.get(reverse("cache:page")).content.decode())
    assert "1 endpoint thrashes: persona-mme reloads" in page
    assert "All called models fit" in page
    assert "ml.c5." in page.partition("What helps")[2]
    assert "Of 1 endpoint nobody has entered how many models it hosts" in page


def test_what_each_cache_would_gain_is_kept_shown_and_sorted_by(operator: Client) -> None:
    shard = rows.shard(region="us-east-1")
    bad = persona("bad-mme", where=shard)
    # It does not thrash, and yet more memory would spare it one load in ten.
    fair = persona("fair-mme", where=shard, columns={"cache_hit_sum": 880.0, "unload_count": 110.0})
    fits = persona("fits-mme", where=shard, columns={"unload_count": None, "cache_hit_sum": 995.0})
    persona("unasked-mme", where=shard)
    for endpoint in (bad, fair, fits):
        HostedModelCount.objects.create(endpoint=endpoint, count=400, set_at=rows.now())
    assert cache_judging.judge([shard.pk], now=rows.now()) == 4

    kept = {
        each.variant.endpoint.name: each
        for each in CacheJudgement.objects.select_related("variant__endpoint")
    }
    assert kept["fits-mme"].gain == 0.0
    assert kept["unasked-mme"].gain is None
    most, some = kept["bad-mme"], kept["fair-mme"]
    assert most.best_hit is not None
    assert most.gain == pytest.approx(most.best_hit - 0.62)
    assert (most.gain_instance_type, most.gain_change_usd) == (most.best_instance_type, most.best_change_usd)
    assert some.verdict == "healthy"
    assert some.gain is not None
    assert some.gain_high is not None
    assert 0.02 < some.gain <= some.gain_high <= 0.12 + 1e-9

    def order(descending: bool) -> list[str]:
        url = reverse("cache:page") + ("?sort=-gain" if descending else "?sort=gain")
        table = rows.words(operator.get(url).content.decode()).partition("What helps")[2]
        return sorted(kept, key=table.index)

    assert order(descending=True) == ["bad-mme", "fair-mme", "fits-mme", "unasked-mme"]
    assert order(descending=False) == ["fits-mme", "fair-mme", "bad-mme", "unasked-mme"]
    page = rows.words(operator.get(reverse("cache:page")).content.decode())
    assert f"+{some.gain:.2f} {some.gain_low:.2f} – {some.gain_high:.2f}" in page
    assert f"{some.gain_instance_count} × {some.gain_instance_type}" in page


def test_a_forecast_is_renewed_daily_and_at_once_where_the_verdict_moved() -> None:
    endpoint = persona()
    HostedModelCount.objects.create(endpoint=endpoint, count=400, set_at=rows.now())
    now, hour = rows.now(), timedelta(hours=1)

    def judged(at: datetime) -> CacheJudgement:
        assert cache_judging.judge([endpoint.shard_id], now=at) == 1
        found = CacheJudgement.objects.get()
        assert found.judged_at == at
        return found

    first = judged(now)
    assert cache_judging.judge([endpoint.shard_id], now=now) == 0, "nothing is due"
    HourBucket.objects.update(cache_hit_sum=700.0)
    later = judged(now + hour)
    assert (later.forecast_at, later.gain, later.verdict) == (now, first.gain, "thrashing")
    next_day = judged(now + 25 * hour)
    assert next_day.forecast_at == now + 25 * hour
    assert next_day.gain is not None
    assert first.gain is not None
    assert next_day.gain < first.gain
    HourBucket.objects.update(cache_hit_sum=990.0)
    healthy = judged(now + 26 * hour)
    assert (healthy.verdict, healthy.forecast_at) == ("healthy", now + 26 * hour)


def test_judging_takes_as_many_queries_for_five_endpoints_as_for_one(
    django_assert_max_num_queries: Any,
) -> None:
    shard = rows.shard(region="us-east-1")
    for n in range(5):
        persona(f"mme-{n}", hours=2, where=shard)
    with django_assert_max_num_queries(12):
        assert cache_judging.judge([shard.pk], now=rows.now()) == 5


def test_a_count_entered_twice_is_one_entry() -> None:
    endpoint = persona(hours=1)
    actor = rows.user("operator")
    assert hosted_models.enter(endpoint, 400, actor=actor, now=rows.now())
    assert not hosted_models.enter(endpoint, 400, actor=actor, now=rows.now())
    assert AuditEntry.objects.filter(action="hosted-models.set").count() == 1
