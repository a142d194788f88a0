"""The "Built from" tab: the drawn graph, its table, and whether the endpoint could be built again."""

from datetime import timedelta

import pytest
from django.test import Client

from fleet.models import Container, Endpoint, HostedModel, LinkCheck, Shard
from fleet.types import Kind
from tests.data.dashboards.rows import endpoint, now, shard, user, words

pytestmark = pytest.mark.django_db

IMAGE = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/scorer:3"
ROLE = "arn:aws:iam::111122223333:role/serving"
DATA = "s3://models/scorer/model.tar.gz"


@pytest.fixture
def built(client: Client) -> Endpoint:
    """An endpoint with one model of one container, everything found."""
    client.force_login(user("viewer"))
    where = shard()
    found = endpoint(where, "scorer", Kind.REAL_TIME, wanted={"instance_type": "ml.m5.large"})
    model = HostedModel.objects.create(
        shard=where, name="scorer-model", arn="m", created_at=now(), execution_role_arn=ROLE,
        document={"VpcConfig": {"Subnets": ["subnet-1"]}},
    )  # fmt: skip
    Container.objects.create(model=model, position=0, image=IMAGE, model_data_url=DATA)
    for kind, target, action in (
        ("image", IMAGE, "ecr:DescribeImages"),
        ("role", ROLE, "iam:GetRole"),
        ("artefact", DATA, "s3:ListBucket"),
    ):
        link(where, kind, target, "found", action=action)
    return found


def link(where: Shard, kind: str, target: str, state: str, **fields: str) -> None:
    LinkCheck.objects.update_or_create(
        shard=where, kind=kind, target=target, defaults={"state": state, "checked_at": now(), **fields}
    )


def page(client: Client, found: Endpoint) -> str:
    return client.get(f"/endpoints/{found.pk}/tab/built-from/").content.decode()


def test_everything_there_can_be_patched_and_is_drawn_with_its_names(client: Client, built: Endpoint) -> None:
    html = page(client, built)
    told = words(html)
    assert "Can be patched." in told
    assert '<svg class="lineage"' in html
    for name in ("scorer-cfg-1", "scorer-model", IMAGE, ROLE, DATA, "subnet-1"):
        assert name in told


def test_a_deleted_role_breaks_it_in_aws_s_words(client: Client, built: Endpoint) -> None:
    link(
        built.shard,
        "role",
        ROLE,
        "gone",
        detail="The role with name serving cannot be found.",
        action="iam:GetRole",
    )
    told = words(page(client, built))
    assert "Cannot be patched." in told
    assert "AWS says: The role with name serving cannot be found. (iam:GetRole" in told


def test_a_missing_permission_is_named_and_never_called_gone(client: Client, built: Endpoint) -> None:
    link(built.shard, "image", IMAGE, "unknown", action="ecr:DescribeImages", detail="not authorized")
    told = words(page(client, built))
    assert "Cannot tell." in told
    assert "Cannot check: ecr:DescribeImages was not answered" in told
    assert "Cannot be patched" not in told


def test_what_was_not_asked_for_yet_is_no_proof(client: Client, built: Endpoint) -> None:
    LinkCheck.objects.all().delete()
    assert "Cannot tell." in words(page(client, built))


def test_a_deleted_config_or_model_breaks_it(client: Client, built: Endpoint) -> None:
    HostedModel.objects.update(gone_at=now() - timedelta(days=1))
    assert "model scorer-model : Deleted; missing since" in words(page(client, built)).replace(
        "model:", "model :"
    )
    HostedModel.objects.update(gone_at=None)
    Endpoint.objects.update(config=None)
    assert "AWS has no config of this name: it was deleted." in words(page(client, built))
