"""The Batch page: what jobs did and cost, failures word for word, what settings say against a job, files."""

import csv
import io
import json
import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboards.scope import time_range
from fleet.models import Discount, Price, Shard, TransformJob
from fleet.queries import batch
from fleet.queries.scope import ScopeFilter
from fleet.types import CostComponent
from tests.data.dashboards.rows import now, read, shard, user, words

pytestmark = pytest.mark.django_db

DOCUMENT = {"TransformJobName": "x", "BatchStrategy": "MultiRecord", "TransformInput": {"SplitType": "Line"}}


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(user("viewer"))
    return client


def price(where: Shard, item: str = "ml.m5.xlarge", usd: str = "0.30") -> None:
    Price.objects.create(
        region=where.region, component=CostComponent.BATCH_TIME, item=item, unit="instance-hour", usd=Decimal(usd),
        origin=Price.Origin.API, source="AWS Price List API, usage type EU-Tsform", source_date=now().date(),
        fetched_at=now(),
    )  # fmt: skip


def job(
    where: Shard, name: str, *, hours: float | None = 2, ago_h: float = 10, **fields: Any
) -> TransformJob:
    created = now() - timedelta(hours=ago_h)
    return TransformJob.objects.create(
        **{
            "shard": where, "name": name, "arn": f"arn:aws:sagemaker:eu-west-1:1:transform-job/{name}",
            "status": "Completed", "created_at": created, "modified_at": created, "first_seen_at": created,
            "described_at": created, "started_at": created,
            "ended_at": None if hours is None else created + timedelta(hours=hours), "model_name": "scorer",
            "instance_type": "ml.m5.xlarge", "instance_count": 2, "document": DOCUMENT, **fields,
        }
    )  # fmt: skip


def test_the_sentence_says_jobs_cost_and_failures_before_anything_else(viewer: Client) -> None:
    where = shard()
    price(where)
    job(where, "nightly")  # 2 × 2 h × 0.30 = 1.20
    job(where, "broken", hours=1, status="Failed", failure_reason="AlgorithmError: <b>exit 1</b>")  # 0.60
    page = words(viewer.get("/batch/").content.decode())
    assert "2 transform jobs in the last 7 days cost $1.80 ; 1 failed." in page
    assert "AlgorithmError: <b>exit 1</b>" in page


def test_a_job_without_a_price_is_counted_and_never_free(viewer: Client) -> None:
    where = shard()
    price(where)
    job(where, "priced")
    job(where, "odd", instance_type="ml.p99.huge")
    page = words(viewer.get("/batch/").content.decode())
    assert "cost $1.20" in page
    assert "1 job has no price and is not in the sum" in page
    assert "No price for ml.p99.huge batch transform in eu-west-1" in page


def test_a_running_job_counts_its_time_so_far(viewer: Client) -> None:
    where = shard()
    price(where)
    running = job(where, "long", hours=None, ago_h=100 / 60, status="InProgress")
    page = words(viewer.get(f"/batch/{running.pk}/").content.decode())
    assert "so far" in page
    assert "$1.0" in page  # two instances for 100 minutes at 0.30


def test_filters_narrow_by_status_model_and_text(viewer: Client) -> None:
    where = shard()
    job(where, "alpha")
    job(where, "bravo", status="Failed", failure_reason="ClientError: no such bucket")
    job(where, "charlie", model_name="ranker")
    job(where, "delta", ago_h=24 * 20)

    def shown(query: str) -> set[str]:
        found = json.loads(read(viewer, f"/batch/jobs.json?{query}"))
        return {row["name"] for row in found}

    assert shown("") == {"alpha", "bravo", "charlie"}
    assert shown("status=Failed") == {"bravo"}
    assert shown("model=ranker") == {"charlie"}
    assert shown("q=no+such+bucket") == {"bravo"}
    assert shown("range=30d") == {"alpha", "bravo", "charlie", "delta"}
    assert shown("region=us-east-1") == set()
    assert shown("status=nonsense&q=%00") == set()


def test_the_dearest_job_comes_first_and_the_unpriced_last(viewer: Client) -> None:
    where = shard()
    price(where)
    job(where, "small", hours=1)
    job(where, "unpriced", instance_type="ml.p99.huge", hours=9)
    job(where, "large", hours=8)
    found = json.loads(read(viewer, "/batch/jobs.json?sort=-cost"))
    assert [row["name"] for row in found] == ["large", "small", "unpriced"]


def test_cost_per_record_stands_only_where_the_job_says_its_records(viewer: Client) -> None:
    where = shard()
    price(where)
    job(where, "told", tags={"records": "1,200"})
    job(where, "silent", ago_h=11)
    told, silent = json.loads(read(viewer, "/batch/jobs.json"))
    assert (told["records"], Decimal(told["usd_per_record"])) == (1200, Decimal("0.001"))
    assert (silent["records"], silent["usd_per_record"]) == (None, None)


def test_csv_equals_the_page_and_disarms_formulas(viewer: Client) -> None:
    where = shard()
    price(where)
    job(where, "nightly", failure_reason="=HYPERLINK(1)")
    (row,) = csv.DictReader(io.StringIO(read(viewer, "/batch/jobs.csv")))
    assert (row["name"], row["billed_s"], Decimal(row["cost_usd"])) == (
        "nightly",
        "7200",
        Decimal("1.2"),
    )
    assert not row["failure_reason"].startswith("=")


def test_a_job_says_what_stands_out_in_its_settings_and_who_says_so(viewer: Client) -> None:
    document = {**DOCUMENT, "MaxPayloadInMB": 50, "MaxConcurrentTransforms": 4}
    found = job(shard(), "greedy", document=document, max_payload_mb=50, max_concurrent=4)
    page = words(viewer.get(f"/batch/{found.pk}/").content.decode())
    assert "4 parallel requests of up to 50 MB are 200 MB; AWS allows 100 MB together." in page
    assert "API CreateTransformJob" in page


def test_a_job_that_aws_forgot_says_since_when_and_what_its_cost_rests_on(viewer: Client) -> None:
    where = shard()
    price(where)
    found = job(where, "lost", status="InProgress", hours=None)
    assert found.started_at is not None
    seen = found.started_at + timedelta(hours=3)
    TransformJob.objects.update(last_seen_at=seen, missing_since=seen + timedelta(minutes=5))
    page = words(viewer.get(f"/batch/{found.pk}/").content.decode())
    assert "No longer known to AWS since" in page
    assert "how it ended nobody tells, and its cost is counted until then." in page
    assert "so far" not in page
    listed = words(viewer.get("/batch/?range=30d").content.decode())
    assert "no longer known to AWS" in listed
    assert "still runs" not in listed
    (row,) = csv.DictReader(io.StringIO(read(viewer, "/batch/jobs.csv?range=30d")))
    assert (row["billed_s"], Decimal(row["cost_usd"])) == ("10800", Decimal("1.8"))


def test_queries_do_not_grow_with_jobs(viewer: Client) -> None:
    where = shard()
    job(where, "one")
    viewer.get("/batch/")
    with CaptureQueriesContext(
        connection,
    ) as few:
        viewer.get("/batch/?sort=-cost")
    for n in range(40):
        job(where, f"more-{n}")
    with CaptureQueriesContext(connection) as many:
        viewer.get("/batch/?sort=-cost")
    assert len(many) == len(few) <= 15


def test_anonymous_people_are_sent_to_sign_in(client: Client) -> None:
    assert client.get("/batch/").status_code == 302


def test_the_costs_page_says_what_jobs_cost_beside_its_totals(
    viewer: Client, django_assert_num_queries: Any
) -> None:
    where, window = shard(), time_range("7d", now())
    price(where)
    Price.objects.create(
        region=where.region, component=CostComponent.BATCH_TIME, item="ml.m5.xlarge", unit="instance-hour",
        usd=Decimal(9), origin=Price.Origin.SNAPSHOT, source="older", source_date=now().date(), fetched_at=now(),
    )  # fmt: skip
    empty = words(viewer.get("/costs/?range=7d").content.decode())
    assert "Batch transform jobs" not in empty
    job(where, "nightly")  # 2 × 2 h × 0.30 = 1.20
    job(where, "broken", hours=1, status="Failed")  # 0.60
    job(where, "odd", instance_type="ml.p99.huge")
    job(where, "waiting", started_at=None, ended_at=None, status="InProgress")
    job(where, "long ago", ago_h=24 * 20)
    with django_assert_num_queries(3):
        found = batch.total(ScopeFilter(), window, now())
    assert found == batch.Total(jobs=4, usd=Decimal("1.80"), unpriced=1, unknown=1)
    html = viewer.get("/costs/?range=7d&region=eu-west-1").content.decode()
    assert (
        "Batch transform jobs : $1.80 in the last 7 days, not in the totals below; "
        "1 job unpriced, 1 job without a start" in words(html)
    )
    link = unescape(re.search(r'href="(/batch/[^"]*)">Batch transform jobs', html)[1])  # type: ignore[index]
    assert "region=eu-west-1" in link
    assert "4 transform jobs in the last 7 days cost $1.80" in words(viewer.get(link).content.decode())
    assert "Batch transform jobs" not in viewer.get("/costs/?range=7d&region=us-east-1").content.decode()
    assert "of all teams and kinds" in viewer.get("/costs/?range=7d&team=risk").content.decode()


def test_jobs_without_any_price_have_an_unknown_cost_on_the_costs_page(viewer: Client) -> None:
    where = shard()
    job(where, "odd", instance_type="ml.p99.huge", ago_h=3)
    page = words(viewer.get("/costs/?range=24h").content.decode())
    assert "Batch transform jobs : — No job in the window has a price in the last 24 hours" in page
    assert "1 job unpriced" in page


def test_a_job_keeps_the_price_of_the_day_it_started_on_and_its_accounts_discount(viewer: Client) -> None:
    where = shard()
    price(where)
    today = now().date()
    Price.objects.update(first_day=today - timedelta(days=30), last_day=today - timedelta(days=3))
    price(where, usd="0.60")
    Price.objects.filter(last_day=None).update(first_day=today - timedelta(days=2))
    job(where, "older", ago_h=24 * 5)  # 2 × 2 h × 0.30 = 1.20
    job(where, "newer", ago_h=24)  # 2 × 2 h × 0.60 = 2.40
    window = time_range("7d", now())
    assert batch.total(ScopeFilter(), window, now()).usd == Decimal("3.60")
    Discount.objects.create(
        name="EDP", account=where.account, percent=Decimal(50), first_day=today - timedelta(days=2), reason="x",
        author_label="ana", made_at=now(),
    )  # fmt: skip
    assert batch.total(ScopeFilter(), window, now()).usd == Decimal("2.40")
    rows = viewer.get("/batch/?range=7d&sort=-cost").context["rows"]
    assert {row.job.name: row.line.amount for row, _ in rows} == {
        "older": Decimal("1.2"),
        "newer": Decimal("1.2"),
    }
