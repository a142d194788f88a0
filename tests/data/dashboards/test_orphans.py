"""The Orphans page: only what nothing uses, and never "may go" while anything still needs it or was not read."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from fleet.models import (
    ChangeEvent,
    Endpoint,
    EndpointConfig,
    HostedModel,
    InferenceComponent,
    Operation,
    ProductionVariant,
    Shard,
    TransformJob,
    VariantStatus,
)
from fleet.types import Kind
from tests.data.dashboards.rows import endpoint, now, read, shard, user, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def where(client: Client) -> Shard:
    """A region whose endpoints, configs and jobs were all read just now; somebody is signed in."""
    client.force_login(user("viewer"))
    fresh = {"ok_at": now().isoformat()}
    return shard(sections={"configs": fresh, "batch": fresh, "components": fresh})


def config(where: Shard, name: str, **fields: Any) -> EndpointConfig:
    made = {"arn": name, "created_at": now() - timedelta(days=200), **fields}
    return EndpointConfig.objects.create(shard=where, name=name, **made)


def model(where: Shard, name: str) -> HostedModel:
    return HostedModel.objects.create(
        shard=where, name=name, arn=name, created_at=now() - timedelta(days=200)
    )


def listed(client: Client, query: str = "") -> dict[str, dict[str, str]]:
    text = read(client, f"/orphans/orphans.csv?{query}")
    return {row["name"]: row for row in csv.DictReader(io.StringIO(text))}


def test_a_config_nothing_refers_to_may_go_with_proof_and_call(client: Client, where: Shard) -> None:
    endpoint(where, "alive", Kind.REAL_TIME)
    config(where, "left-over")
    config(where, "deleted-already", gone_at=now())
    (row,) = listed(client).values()
    assert (row["name"], row["verdict"]) == ("left-over", "may-go")
    assert row["command"] == (
        "aws sagemaker delete-endpoint-config --endpoint-config-name left-over --region eu-west-1"
    )
    page = words(client.get("/orphans/").content.decode())
    assert "1 endpoint config and 0 models are used by no endpoint." in page
    assert "No operation that is planned or under way names it." in page


def test_a_config_an_open_operation_names_is_kept(client: Client, where: Shard) -> None:
    found = endpoint(where, "alive")
    config(where, "wanted")
    Operation.objects.create(
        form_token="t", kind="change-concurrency", endpoint=found, planned_at=now(), plan={"config": "wanted"},
        state="running",
    )  # fmt: skip
    assert listed(client)["wanted"]["verdict"] == "keep"
    assert "has not ended" in listed(client)["wanted"]["proof"]


@pytest.mark.parametrize(
    ("status", "days", "verdict"),
    [("InService", 2, "keep"), ("InService", 30, "may-go"), ("Updating", 30, "keep")],
)
def test_a_config_an_endpoint_left_is_kept_while_it_may_be_wanted_back(
    client: Client, where: Shard, status: str, days: int, verdict: str
) -> None:
    found = endpoint(where, "alive", status=status)
    config(where, "before")
    ChangeEvent.objects.create(
        endpoint=found, at=now() - timedelta(days=days), category="config", summary="moved",
        before={"config_name": "before"}, after={"config_name": found.config_name},
    )  # fmt: skip
    row = listed(client)["before"]
    assert (row["verdict"], row["last_used_by"]) == (verdict, "alive")


def test_models_are_kept_by_configs_and_batch_jobs(client: Client, where: Shard) -> None:
    for name in ("free", "in-config", "in-job"):
        model(where, name)
    ProductionVariant.objects.create(config=config(where, "old"), name="main", model_name="in-config")
    TransformJob.objects.create(
        shard=where, name="nightly", arn="a", status="Completed", model_name="in-job",
        created_at=now() - timedelta(days=3), first_seen_at=now(), described_at=now(),
    )  # fmt: skip
    found = listed(client, "what=models")
    assert {name: row["verdict"] for name, row in found.items()} == {
        "free": "may-go", "in-config": "keep", "in-job": "keep",
    }  # fmt: skip
    assert "Named by old." in found["in-config"]["proof"]
    assert "nightly" in found["in-job"]["proof"]


def test_nothing_is_proved_by_a_region_that_was_not_read(client: Client, where: Shard) -> None:
    config(where, "left-over")
    model(where, "free")
    Shard.objects.update(sections={"configs": {"ok_at": now().isoformat()}})
    assert listed(client)["left-over"]["verdict"] == "may-go"
    assert listed(client, "what=models")["free"]["verdict"] == "cannot-tell"
    Shard.objects.update(inventory_ok_at=now() - timedelta(hours=2))
    assert listed(client)["left-over"]["verdict"] == "cannot-tell"


def test_age_name_and_region_narrow(client: Client, where: Shard) -> None:
    config(where, "old-one")
    config(where, "new-one", created_at=now() - timedelta(days=3))
    assert set(listed(client)) == {"old-one", "new-one"}
    assert {name: row["verdict"] for name, row in listed(client).items()} == {
        "old-one": "may-go", "new-one": "keep",
    }  # fmt: skip
    assert set(listed(client, "age=90")) == {"old-one"}
    assert set(listed(client, "q=NEW")) == {"new-one"}
    assert set(listed(client, "region=us-east-1")) == set()


@pytest.mark.parametrize("fields", [{"config_name": ""}, {"unreadable": {"code": "AccessDenied"}}])
def test_nothing_may_go_where_an_endpoint_cannot_be_described(
    client: Client, where: Shard, fields: dict[str, Any]
) -> None:
    endpoint(where, "hidden", **fields)
    config(where, "hidden-cfg-9")
    model(where, "free")
    row = listed(client)["hidden-cfg-9"]
    assert row["verdict"] == listed(client, "what=models")["free"]["verdict"] == "cannot-tell"
    assert "hidden cannot be described" in row["proof"]


def test_endpoints_built_from_something_gone_are_counted_with_a_link_to_them(
    client: Client, where: Shard
) -> None:
    endpoint(where, "whole", Kind.REAL_TIME, built_from="patchable")
    assert "cannot be patched" not in words(client.get("/orphans/").content.decode())
    endpoint(where, "broken", Kind.REAL_TIME, built_from="broken")
    html = client.get("/orphans/?region=eu-west-1").content.decode()
    assert "1 endpoint cannot be patched" in words(html)
    assert 'href="/endpoints/?built-from=broken&amp;region=eu-west-1"' in html
    assert "whole" not in read(client, "/endpoints/endpoints.csv?built-from=broken&region=eu-west-1")


def component(where: Shard, name: str, **fields: Any) -> InferenceComponent:
    made = {"status": "InService", "created_at": now(), "modified_at": now(), **fields}
    return InferenceComponent.objects.create(
        endpoint=endpoint(where, f"{name}-home", Kind.INFERENCE_COMPONENT), name=name, **made
    )


REFUSED = {"code": "AccessDeniedException", "message": "not authorized to perform that"}


@pytest.mark.parametrize("section", ["components", "batch"])
@pytest.mark.parametrize("read_before", [True, False])
def test_no_model_may_go_while_aws_refuses_to_tell_what_else_uses_models(
    client: Client, where: Shard, section: str, read_before: bool
) -> None:
    model(where, "hidden-use")
    ok_at = now().isoformat() if read_before else None
    Shard.objects.update(sections=where.sections | {section: {"ok_at": ok_at, "error": REFUSED}})
    assert listed(client, "what=models")["hidden-use"]["verdict"] == "cannot-tell"


@pytest.mark.parametrize(
    ("specification", "verdict"),
    [
        ({}, "cannot-tell"),
        ({"Container": {"Image": "i"}}, "may-go"),
        ({"BaseInferenceComponentName": "base"}, "may-go"),
    ],
)
def test_a_component_whose_model_nobody_told_may_run_any(
    client: Client, where: Shard, specification: dict[str, Any], verdict: str
) -> None:
    model(where, "free")
    component(where, "chat", document={"Specification": specification})
    assert listed(client, "what=models")["free"]["verdict"] == verdict


def test_a_job_that_was_not_described_yet_may_use_any_model(client: Client, where: Shard) -> None:
    model(where, "free")
    job = TransformJob.objects.create(
        shard=where, name="new-job", arn="a", status="InProgress", created_at=now(), first_seen_at=now()
    )
    row = listed(client, "what=models")["free"]
    assert row["verdict"] == "cannot-tell"
    assert "Transform job new-job was not described yet" in row["proof"]
    TransformJob.objects.filter(pk=job.pk).update(described_at=now(), model_name="another")
    assert listed(client, "what=models")["free"]["verdict"] == "may-go"


@pytest.mark.parametrize(("days", "verdict"), [(1, "keep"), (30, "may-go")])
def test_a_model_its_endpoint_left_is_kept_while_it_may_be_wanted_back(
    client: Client, where: Shard, days: int, verdict: str
) -> None:
    at = now() - timedelta(days=days)
    for name in ("closed", "dropped", "moved-from"):
        model(where, name)
    gone = endpoint(where, "gone")
    VariantStatus.objects.create(endpoint=gone, name="main", model_name="closed")
    Endpoint.objects.filter(pk=gone.pk).update(closed_at=at)
    component(where, "part", model_name="dropped", removed_at=at)
    old = config(where, "old", gone_at=now())
    ProductionVariant.objects.create(config=old, name="main", model_name="moved-from")
    ChangeEvent.objects.create(
        endpoint=endpoint(where, "alive"), at=at, category="config", before={"config_name": "old"}
    )
    found = listed(client, "what=models")
    assert {name: (row["verdict"], row["last_used_by"]) for name, row in found.items()} == {
        "closed": (verdict, "gone"), "dropped": (verdict, "part-home"), "moved-from": (verdict, "alive"),
    }  # fmt: skip


@pytest.mark.parametrize(("days", "verdict"), [(31, "keep"), (44, "keep"), (46, "may-go")])
def test_a_model_that_scores_once_a_month_is_kept(
    client: Client, where: Shard, days: int, verdict: str
) -> None:
    model(where, "monthly")
    TransformJob.objects.create(
        shard=where, name="scoring", arn="a", status="Completed", model_name="monthly",
        created_at=now() - timedelta(days=days), first_seen_at=now(), described_at=now(),
    )  # fmt: skip
    assert listed(client, "what=models")["monthly"]["verdict"] == verdict


def test_a_model_an_open_operation_names_is_kept(client: Client, where: Shard) -> None:
    model(where, "wanted")
    found = endpoint(where, "alive")
    Operation.objects.create(
        form_token="t",
        kind="clone",
        endpoint=found,
        planned_at=now(),
        plan={"model": "wanted"},
        state="running",
    )
    assert listed(client, "what=models")["wanted"]["verdict"] == "keep"
    assert "has not ended" in listed(client, "what=models")["wanted"]["proof"]
