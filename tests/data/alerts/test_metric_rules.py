"""Each metric rule: true opens, just short of true does not, missing data changes nothing."""

from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fleet.alerts.evaluate import evaluate
from fleet.models import FineBucket, Incident, Notification, ScalableTarget, ScalingPolicy, VariantStatus
from fleet.types import Kind
from tests.data.alerts.fleet import NOON, fill, make_endpoint, make_shard, minutes, ongoing, person

pytestmark = pytest.mark.django_db


def judged(key: str, now: datetime = NOON) -> list[str]:
    """Titles of the rule's open incidents after one evaluation."""
    evaluate(now=now)
    return [incident.title for incident in ongoing(key)]


def test_five_full_minutes_open_a_critical_incident_with_its_facts() -> None:
    variant = make_endpoint(make_shard(), "fraud-score")
    fill(variant, NOON - minutes(15), 10, concurrency_utilization_max=0.5, invocations=600, errors_4xx=0)
    fill(variant, NOON - minutes(5), 5, concurrency_utilization_max=1.0, invocations=640, errors_4xx=17)
    assert judged("serverless-full") == ["fraud-score is full"]
    (incident,) = ongoing("serverless-full")
    assert incident.severity == "critical"
    assert incident.cause == "concurrency 100 % of Max 20 for 5 min"
    assert incident.condition_since == NOON - minutes(5)
    facts = dict(incident.facts)
    assert facts["In use now"] == "20 of Max 20"
    assert facts["Calls a minute"] == "640"
    assert facts["4xx a minute, maybe refused calls"] == "17"
    assert facts["Owner"] == "risk"
    assert [point[2] for point in incident.series["points"]] == [False] * 10 + [True] * 5


def test_four_full_minutes_open_nothing() -> None:
    variant = make_endpoint(make_shard(), "fraud-score")
    fill(variant, NOON - minutes(10), 6, concurrency_utilization_max=0.5)
    fill(variant, NOON - minutes(4), 4, concurrency_utilization_max=1.0)
    assert judged("serverless-full") == []


def test_a_gap_in_the_minutes_is_no_saturation() -> None:
    variant = make_endpoint(make_shard(), "fraud-score")
    fill(variant, NOON - minutes(8), 3, concurrency_utilization_max=1.0)
    fill(variant, NOON - minutes(4), 4, concurrency_utilization_max=1.0)
    assert judged("serverless-full") == []


def test_the_window_ends_at_the_newest_bucket_when_data_is_late() -> None:
    variant = make_endpoint(make_shard(), "fraud-score")
    fill(variant, NOON - minutes(12), 5, concurrency_utilization_max=1.0)
    assert judged("serverless-full") == ["fraud-score is full"]


def test_a_bucket_that_has_not_ended_is_not_judged() -> None:
    variant = make_endpoint(make_shard(), "fraud-score")
    fill(variant, NOON - minutes(4.5), 5, concurrency_utilization_max=1.0)
    assert judged("serverless-full") == []


def test_data_from_an_hour_ago_says_nothing_about_now() -> None:
    variant = make_endpoint(make_shard(), "fraud-score")
    fill(variant, NOON - minutes(70), 10, concurrency_utilization_max=1.0)
    assert judged("serverless-full") == []


def test_a_nearly_full_endpoint_warns_but_not_beside_the_critical_rule() -> None:
    shard = make_shard()
    fill(make_endpoint(shard, "busy"), NOON - minutes(15), 15, concurrency_utilization_max=0.85)
    fill(make_endpoint(shard, "full"), NOON - minutes(15), 15, concurrency_utilization_max=1.0)
    assert judged("serverless-nearly-full") == ["busy is nearly full"]
    assert [incident.title for incident in ongoing("serverless-full")] == ["full is full"]


def test_cold_starts_above_the_share_open_and_too_few_calls_do_not() -> None:
    shard = make_shard()
    fill(make_endpoint(shard, "chat-faq"), NOON - minutes(60), 60, invocations=10, setup_count=1)
    fill(make_endpoint(shard, "warm"), NOON - minutes(60), 60, invocations=10, setup_count=0)
    fill(make_endpoint(shard, "rare"), NOON - minutes(60), 9, invocations=10, setup_count=9)
    assert judged("cold-start-share") == ["chat-faq starts cold too often"]
    assert ongoing("cold-start-share")[0].cause == "cold starts 10 % of calls over 60 min"


def test_calls_without_set_up_time_are_calls_without_cold_start() -> None:
    variant = make_endpoint(make_shard(), "chat-faq")
    fill(variant, NOON - minutes(60), 50, invocations=10)
    fill(variant, NOON - minutes(10), 10, invocations=10, setup_count=2)
    evaluate(now=NOON)
    assert ongoing("cold-start-share") == []  # 20 of 600 calls are 3.3 %, below 5 %


def test_server_errors_open_above_one_percent() -> None:
    shard = make_shard()
    bad, good = (make_endpoint(shard, name, Kind.REAL_TIME) for name in ("bad", "good"))
    fill(bad, NOON - minutes(15), 3, 300, invocations=1000, errors_5xx=11, model_latency_ms_p99=412)
    fill(good, NOON - minutes(15), 3, 300, invocations=1000, errors_5xx=10)
    assert judged("errors-5xx") == ["bad answers with server errors"]
    facts = dict(ongoing("errors-5xx")[0].facts)
    assert facts["5xx responses"] == "33"
    assert facts["Share of calls"] == "1.1 %, limit 1 %"
    assert facts["Model latency p99"] == "412 ms"


def test_a_low_hit_ratio_needs_sustained_unloads() -> None:
    shard = make_shard()
    thrashing, warming = (make_endpoint(shard, name, Kind.MULTI_MODEL) for name in ("persona-mme", "warming"))
    fill(thrashing, NOON - minutes(30), 6, 300, cache_hit_sum=62, cache_hit_count=100, unload_count=30)
    fill(warming, NOON - minutes(30), 6, 300, cache_hit_sum=62, cache_hit_count=100)
    assert judged("cache-thrash") == ["persona-mme thrashes its model cache"]
    assert ongoing("cache-thrash")[0].cause == "hit ratio 62 % over 30 min, 360 unloads an hour"


def test_thrashing_ends_at_other_bars_than_it_began_at() -> None:
    variant = make_endpoint(make_shard(), "persona-mme", Kind.MULTI_MODEL)
    between = make_endpoint(variant.endpoint.shard, "between", Kind.MULTI_MODEL)
    fill(variant, NOON - minutes(30), 6, 300, cache_hit_sum=62, cache_hit_count=100, unload_count=30)
    fill(between, NOON - minutes(30), 18, 300, cache_hit_sum=83, cache_hit_count=100, unload_count=9)
    assert judged("cache-thrash") == ["persona-mme thrashes its model cache"]
    # 83 % is above where it opens and below where it ends: it stays, and on another endpoint it never opened.
    fill(variant, NOON, 12, 300, cache_hit_sum=83, cache_hit_count=100, unload_count=9)
    assert judged("cache-thrash", NOON + minutes(60)) == ["persona-mme thrashes its model cache"]
    fill(variant, NOON + minutes(60), 18, 300, cache_hit_sum=86, cache_hit_count=100, unload_count=9)
    assert judged("cache-thrash", NOON + minutes(150)) == []


def test_the_zero_trap_says_when_no_policy_wakes_the_endpoint() -> None:
    shard = make_shard()
    trapped = make_endpoint(shard, "ocr-async", Kind.ASYNCHRONOUS, variant={"current_instance_count": 0})
    working = make_endpoint(shard, "video-async", Kind.ASYNCHRONOUS, variant={"current_instance_count": 1})
    for variant in (trapped, working):
        fill(variant, NOON - minutes(15), 3, 300, backlog_max=12, oldest_age_s_max=200)
    assert judged("async-zero-trap") == ["ocr-async is stuck at zero instances"]
    (incident,) = ongoing("async-zero-trap")
    assert incident.cause == "12 waiting, 0 instances for 15 min, no policy wakes it"
    assert dict(incident.facts)["Step policy from zero"] == "none"


def test_the_zero_trap_names_a_policy_that_exists() -> None:
    shard = make_shard()
    trapped = make_endpoint(shard, "ocr-async", Kind.ASYNCHRONOUS, variant={"current_instance_count": 0})
    target = ScalableTarget.objects.create(
        shard=shard,
        endpoint=trapped.endpoint,
        variant_name="AllTraffic",
        resource_id="endpoint/ocr-async/variant/AllTraffic",
        dimension="sagemaker:variant:DesiredInstanceCount",
        min_capacity=0,
        max_capacity=4,
    )
    ScalingPolicy.objects.create(target=target, name="wake", policy_type="StepScaling")
    fill(trapped, NOON - minutes(15), 3, 300, backlog_max=12)
    evaluate(now=NOON)
    (incident,) = ongoing("async-zero-trap")
    assert dict(incident.facts)["Step policy from zero"] == "present"
    assert "no policy" not in incident.cause


def test_an_old_request_opens_unless_the_zero_trap_tells_more() -> None:
    shard = make_shard()
    trapped = make_endpoint(shard, "ocr-async", Kind.ASYNCHRONOUS, variant={"current_instance_count": 0})
    slow = make_endpoint(shard, "video-async", Kind.ASYNCHRONOUS, variant={"current_instance_count": 1})
    for variant in (trapped, slow):
        fill(variant, NOON - minutes(15), 3, 300, backlog_max=12, oldest_age_s_max=900)
    assert judged("async-oldest-age") == ["video-async keeps requests waiting"]
    assert ongoing("async-oldest-age")[0].cause == "oldest request waits 15 min, limit 10 min"


def test_metrics_of_another_kind_are_not_judged() -> None:
    variant = make_endpoint(make_shard(), "plain", Kind.REAL_TIME)
    fill(
        variant, NOON - minutes(15), 15, concurrency_utilization_max=1.0, backlog_max=5, oldest_age_s_max=9000
    )
    evaluate(now=NOON)
    assert not Incident.objects.exists()


def test_closed_endpoints_and_disabled_accounts_are_not_judged() -> None:
    shard = make_shard()
    fill(
        make_endpoint(shard, "gone", closed_at=NOON), NOON - minutes(10), 10, concurrency_utilization_max=1.0
    )
    other = make_shard("old")
    other.account.enabled = False
    other.account.save()
    fill(make_endpoint(other, "off"), NOON - minutes(10), 10, concurrency_utilization_max=1.0)
    assert judged("serverless-full") == []


def test_no_data_neither_resolves_nor_opens() -> None:
    variant = make_endpoint(make_shard(), "fraud-score")
    fill(variant, NOON - minutes(5), 5, concurrency_utilization_max=1.0)
    evaluate(now=NOON)
    evaluate(now=NOON + minutes(20))
    evaluate(now=NOON + minutes(180))
    (incident,) = ongoing("serverless-full")
    assert incident.last_true_at == NOON


def test_idle_minutes_that_were_read_end_a_saturation_and_unread_ones_do_not() -> None:
    shard = make_shard(at=NOON + minutes(60))
    idle, unread = make_endpoint(shard, "idle"), make_endpoint(shard, "unread")
    for variant in (idle, unread):
        fill(variant, NOON - minutes(10), 10, concurrency_utilization_max=1.0)
        read_until(variant, NOON)
    assert judged("serverless-full") == ["idle is full", "unread is full"]
    read_until(idle, NOON + minutes(14))
    assert judged("serverless-full", NOON + minutes(14)) == ["idle is full", "unread is full"]
    read_until(idle, NOON + minutes(15))
    assert judged("serverless-full", NOON + minutes(15)) == ["unread is full"]
    assert Incident.objects.get(resolved_at__isnull=False).last_true_at == NOON
    assert judged("serverless-full", NOON + minutes(180)) == ["unread is full"]


def test_an_idle_endpoint_is_found_idle_even_after_hours_without_an_evaluation() -> None:
    variant = make_endpoint(make_shard(at=NOON + minutes(400)), "idle")
    fill(variant, NOON - minutes(10), 10, concurrency_utilization_max=1.0)
    evaluate(now=NOON)
    read_until(variant, NOON + minutes(300))
    assert judged("serverless-full", NOON + minutes(300)) == []


def test_minutes_with_calls_but_without_the_metric_are_unknown() -> None:
    variant = make_endpoint(make_shard(at=NOON + minutes(60)), "mute")
    end = fill(variant, NOON - minutes(10), 10, concurrency_utilization_max=1.0)
    evaluate(now=NOON)
    end = fill(variant, end, 20, invocations=5)
    read_until(variant, end)
    assert judged("serverless-full", end) == ["mute is full"]


def read_until(variant: VariantStatus, until: datetime) -> None:
    """The metrics of the variant were read up to `until`."""
    VariantStatus.objects.filter(pk=variant.pk).update(metrics_until=until)


def test_an_incident_resolves_only_after_the_condition_was_false_for_long_enough() -> None:
    variant = make_endpoint(make_shard(at=NOON + minutes(60)), "fraud-score")
    end = fill(variant, NOON - minutes(5), 5, concurrency_utilization_max=1.0)
    evaluate(now=NOON)
    end = fill(variant, end, 9, concurrency_utilization_max=0.4)
    evaluate(now=end)
    assert len(ongoing("serverless-full")) == 1
    end = fill(variant, end, 1, concurrency_utilization_max=0.4)
    evaluate(now=end)
    assert ongoing("serverless-full") == []
    assert Incident.objects.get().resolution == "The condition has not held for 10 min."


def test_one_full_minute_keeps_an_open_incident_open() -> None:
    variant = make_endpoint(make_shard(at=NOON + minutes(60)), "fraud-score")
    end = fill(variant, NOON - minutes(5), 5, concurrency_utilization_max=1.0)
    evaluate(now=NOON)
    end = fill(variant, end, 8, concurrency_utilization_max=0.4)
    end = fill(variant, end, 1, concurrency_utilization_max=1.0)
    end = fill(variant, end, 4, concurrency_utilization_max=0.4)
    evaluate(now=end)
    (incident,) = ongoing("serverless-full")
    assert incident.last_true_at == end - minutes(4)


def test_a_condition_that_returns_is_a_new_episode_with_mails_of_its_own() -> None:
    person("ana")
    variant = make_endpoint(make_shard(at=NOON + minutes(90)), "fraud-score")
    end = NOON - minutes(5)
    for _ in range(2):
        end = fill(variant, end, 5, concurrency_utilization_max=1.0)
        evaluate(now=end)
        end = fill(variant, end, 10, concurrency_utilization_max=0.1)
        evaluate(now=end)
    assert Incident.objects.count() == 2
    assert [m.transition for m in Notification.objects.order_by("id")] == ["opened", "resolved"] * 2


def test_the_number_of_queries_does_not_grow_with_the_fleet() -> None:
    person("ana")
    shard = make_shard(at=NOON + minutes(60))

    def queries(count: int, now: datetime) -> int:
        # Mails that wait would be followed as an incident of their own.
        Notification.objects.update(state="sent")
        for i in range(count):
            variant = make_endpoint(shard, f"e-{now:%H%M}-{i}")
            fill(variant, now - minutes(5), 5, concurrency_utilization_max=1.0, invocations=10, errors_5xx=5)
        with CaptureQueriesContext(connection) as captured:
            evaluate(now=now)
        return len(captured)

    queries(1, NOON - minutes(60))  # creates the rules, and incidents that go on
    few = queries(2, NOON)
    many = queries(30, NOON + minutes(10))
    assert many <= few
    assert few < 60
    assert FineBucket.objects.count() == 33 * 5
