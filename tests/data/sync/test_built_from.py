"""The stored verdict on what an endpoint is built from: as the graph draws it, written only when it moves."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from fleet.models import Container, Endpoint, HostedModel, InferenceComponent, LinkCheck, Shard
from fleet.queries import lineage
from fleet.sync import built_from
from fleet.types import Kind
from tests.data.dashboards.rows import endpoint, now, shard

pytestmark = pytest.mark.django_db

IMAGE = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/scorer:3"
ROLE = "arn:aws:iam::111122223333:role/serving"
DATA = "s3://models/scorer/model.tar.gz"


@pytest.fixture
def where() -> Shard:
    """A shard with an endpoint of one model, everything found."""
    found = shard()
    endpoint(found, "scorer", Kind.REAL_TIME, wanted={"instance_type": "ml.m5.large"})
    model = HostedModel.objects.create(
        shard=found, name="scorer-model", arn="m", created_at=now(), execution_role_arn=ROLE
    )
    Container.objects.create(model=model, position=0, image=IMAGE, model_data_url=DATA)
    for kind, target in (("image", IMAGE), ("role", ROLE), ("artefact", DATA)):
        LinkCheck.objects.create(shard=found, kind=kind, target=target, state="found", checked_at=now())
    return found


def judged(where: Shard) -> Endpoint:
    built_from.judge(where, now=now(), fence=where.fence)
    return Endpoint.objects.get(shard=where, name="scorer")


def answer(target: str, state: str, **fields: str) -> int:
    return LinkCheck.objects.filter(target=target).update(state=state, **fields)


CASES: dict[str, tuple[str, Callable[[], object]]] = {
    "all there": ("patchable", lambda: None),
    "role deleted": ("broken", lambda: answer(ROLE, "gone")),
    "image gone, role not asked": ("broken", lambda: [answer(t, s) for t, s in ((IMAGE, "gone"), (ROLE, "unknown"))]),
    "AWS's own image": ("patchable", lambda: answer(IMAGE, "aws-owned")),
    "no permission": ("cannot-tell", lambda: answer(DATA, "unknown", action="s3:ListBucket")),
    "not asked for yet": ("cannot-tell", lambda: LinkCheck.objects.filter(target=DATA).delete()),
    "model deleted": ("broken", lambda: HostedModel.objects.update(gone_at=now())),
    "model never read": ("cannot-tell", lambda: HostedModel.objects.all().delete()),
    "config deleted": ("broken", lambda: Endpoint.objects.get().config.delete()),  # type: ignore[union-attr]
    "config refused": ("cannot-tell", lambda: Endpoint.objects.update(config=None, unreadable={"code": "Denied"})),
    "never described": ("cannot-tell", lambda: Endpoint.objects.update(config=None, config_name="")),
    "component's model unread": (
        "cannot-tell",
        lambda: InferenceComponent.objects.create(
            endpoint=Endpoint.objects.get(), name="c", model_name="other", status="InService",
            created_at=now(), modified_at=now(),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_stored_verdict_is_the_one_the_graph_draws(where: Shard, case: str) -> None:
    verdict, change = CASES[case]
    change()
    found = judged(where)
    assert found.built_from == lineage.graph(found).verdict == verdict
    assert {(link["kind"], link["name"]) for link in found.broken_links} == {
        (node.kind, node.name) for node in lineage.graph(found).broken
    }


def test_a_broken_link_keeps_aws_s_words_and_since_when_it_is_known(where: Shard) -> None:
    answer(ROLE, "gone", detail="The role with name serving cannot be found.", action="iam:GetRole")
    built_from.judge(where, now=now() - timedelta(hours=2), fence=where.fence)
    answer(IMAGE, "gone", code="ImageNotFoundException", action="ecr:DescribeImages")
    found = judged(where)
    assert found.built_from_since == now() - timedelta(hours=2)
    assert {"kind": "role", "name": ROLE, "action": "iam:GetRole",
            "said": "The role with name serving cannot be found."} in found.broken_links  # fmt: skip
    assert [link["said"] for link in found.broken_links if link["kind"] == "image"] == [
        "ImageNotFoundException"
    ]


def test_nothing_is_written_while_nothing_moves_and_deleted_endpoints_are_left_alone(where: Shard) -> None:
    assert built_from.judge(where, now=now(), fence=where.fence) == 1
    assert built_from.judge(where, now=now(), fence=where.fence) == 0
    Endpoint.objects.update(closed_at=now())
    answer(ROLE, "gone")
    assert built_from.judge(where, now=now(), fence=where.fence) == 0


def test_a_run_that_a_newer_one_has_overtaken_writes_no_verdict(where: Shard) -> None:
    Shard.objects.filter(pk=where.pk).update(fence=where.fence + 1)
    assert built_from.judge(where, now=now(), fence=where.fence) == 0
    assert built_from.judge(where, now=now(), fence=where.fence + 1) == 1
