"""The Scaling page and an endpoint's Scaling tab: findings by rule, and the form each proposes."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from fleet import scaling_check
from fleet.analysis.scaling_policies.facts import INSTANCES, PROVISIONED
from fleet.models import Endpoint, FineBucket, ScalableTarget, ScalingFinding, ScalingPolicy, Shard
from fleet.types import Kind
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db
NOW = rows.now()


def target(of: Endpoint, low: int, high: int, dimension: str) -> ScalableTarget:
    return ScalableTarget.objects.create(
        shard=of.shard, endpoint=of, variant_name="AllTraffic", dimension=dimension,
        resource_id=f"endpoint/{of.name}/variant/AllTraffic", min_capacity=low, max_capacity=high,
    )  # fmt: skip


@pytest.fixture
def shard() -> Shard:
    """A zero trap with twelve waiting, a level outside its bounds, and a target left behind."""
    found = rows.shard()
    live = {"instance_type": "ml.g4dn.xlarge", "current_instance_count": 0}
    ocr = rows.endpoint(found, "ocr-async", Kind.ASYNCHRONOUS, live=live)
    target(ocr, 0, 4, INSTANCES)
    FineBucket.objects.create(
        variant=rows.variant(ocr), at=NOW - timedelta(minutes=5), period_s=300, backlog_max=12.0
    )
    ranker = rows.serverless(found, "ranker", provisioned_concurrency=15)
    target(ranker, 1, 10, PROVISIONED)
    rows.hour_bucket(ranker, rows.hour() - timedelta(hours=3), invocations=9.0)
    ScalableTarget.objects.create(
        shard=found, resource_id="endpoint/gone/variant/AllTraffic", dimension=INSTANCES, min_capacity=1,
        max_capacity=4,
    )  # fmt: skip
    scaling_check.check(found.pk, now=NOW)
    return found


def signed_in(client: Client, role: str = "operator") -> Client:
    client.force_login(rows.user(role, password=None))
    return client


def text(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return rows.words(response.content.decode())


def test_findings_stand_on_the_scaling_page_by_rule_the_gravest_first(client: Client, shard: Shard) -> None:
    url = reverse("scaling:page")
    page = text(signed_in(client), url)
    assert "2 scalable targets , 3 findings, 1 critical" in page
    assert "All 3" in page
    assert "Nothing wakes it from 0 1" in page
    assert page.index("12 requests wait at 0 instances") < page.index(
        "outside 1 – 10: auto scaling will bring"
    )
    assert "application-autoscaling.DeregisterScalableTarget" in page
    one = text(client, f"{url}?rule=outside-bounds")
    assert "outside 1 – 10: auto scaling will bring it back" in one
    assert "requests wait" not in one
    assert "All 3" in text(client, f"{url}?rule=<script>"), "an unknown rule filters nothing"
    part = client.get(
        f"{url}?rule=left-behind", headers={"HX-Request": "true", "HX-Target": "scaling-findings"}
    ).content.decode()
    assert "<h1" not in part
    assert "Target left behind" in part


def test_targets_that_findings_are_about_come_first(client: Client, shard: Shard) -> None:
    target(rows.serverless(shard, "a-first-by-name", provisioned_concurrency=1), 1, 10, PROVISIONED)
    page = signed_in(client).get(reverse("scaling:page")).content.decode()
    listed = page[page.index('id="scaling-targets"') :]
    assert listed.index("ocr-async") < listed.index("ranker") < listed.index("a-first-by-name")


def test_a_proposal_opens_its_form_filled_in(client: Client, shard: Shard) -> None:
    page = signed_in(client).get(reverse("scaling:page")).content.decode()
    ranker = Endpoint.objects.get(name="ranker")
    found = ScalingFinding.objects.get(endpoint=ranker, rule="outside-bounds")
    url = reverse("operations:change-schedule", args=[ranker.pk])
    link = page[page.index(f'href="{url}?') + 6 :]
    link = link[: link.index('"')].replace("&amp;", "&")
    form = client.get(link)
    assert form.status_code == 200
    assert {name: form.context["form"][name].value() for name in ("way", "minimum", "maximum")} == {
        "way": "bounds", "minimum": "1", "maximum": "15",
    }  # fmt: skip
    assert found.proposal
    assert form.context["form"]["target"].value() == found.proposal["fields"]["target"]
    assert "between 1 and 15" in rows.words(form.content.decode()) or "1 – 15" in rows.words(
        form.content.decode()
    )


def test_a_viewer_sees_the_proposal_and_cannot_open_it(client: Client, shard: Shard) -> None:
    page = signed_in(client, "viewer").get(reverse("scaling:page")).content.decode()
    assert "Planning a change needs the role operator" in page
    assert "change-schedule" not in page


def test_the_tab_of_an_endpoint_has_evidence_source_exact_calls_and_what_could_not_be_judged(
    client: Client, shard: Shard, django_assert_max_num_queries: Any
) -> None:
    ocr = Endpoint.objects.get(name="ocr-async")
    url = reverse("endpoints:tab", args=[ocr.pk, "scaling"])
    signed_in(client).get(url)
    with django_assert_max_num_queries(15):
        page = text(client, url)
    assert "12 waiting, and nothing wakes it" in page
    assert "Requests waiting 12 as read" in page
    assert '"MetricName": "HasBacklogWithoutCapacity"' in page
    assert "Autoscale an asynchronous endpoint" in page
    assert "Add the policy that wakes it" in page
    assert "could not be judged" in page
    assert "IAM was not asked" in page


def test_hostile_names_are_shown_as_text(client: Client) -> None:
    found = rows.shard()
    ScalableTarget.objects.create(
        shard=found, resource_id="endpoint/<img src=x onerror=alert(1)>/variant/v", dimension=INSTANCES,
        min_capacity=1, max_capacity=4,
    )  # fmt: skip
    scaling_check.check(found.pk, now=NOW)
    page = signed_in(client).get(reverse("scaling:page")).content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_a_scope_and_a_fleet_not_looked_at_say_so(client: Client, shard: Shard) -> None:
    url = reverse("scaling:page")
    assert "3 findings" not in text(signed_in(client), f"{url}?region=us-east-1")
    ScalingFinding.objects.all().delete()
    assert "Nothing wrong found" in text(client, url)


def test_queries_do_not_grow_with_findings(
    client: Client, shard: Shard, django_assert_max_num_queries: Any
) -> None:
    for n in range(12):
        of = rows.serverless(shard, f"ep-{n}", provisioned_concurrency=15)
        held = target(of, 1, 10, PROVISIONED)
        ScalingPolicy.objects.create(target=held, name="p", policy_type="TargetTrackingScaling")
    scaling_check.check(shard.pk, now=NOW)
    signed_in(client).get(reverse("scaling:page"))
    with django_assert_max_num_queries(15):
        client.get(reverse("scaling:page"))
