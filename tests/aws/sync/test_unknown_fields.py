"""Fields that the installed SDK does not know: kept in the mirror, shown, and no config that has one is copied."""

from datetime import datetime, timedelta

import pytest

from fleet.aws import sagemaker
from fleet.models import Endpoint, Shard
from fleet.operations import guards, observe
from fleet.operations.kinds import ConcurrencyWish, Route
from fleet.sync.shard import run_inventory
from tests.aws.simulator_process import SimulatorProcess
from tests.unit.operations.wishes import context

pytestmark = [pytest.mark.aws, pytest.mark.django_db(transaction=True)]


def test_a_field_no_model_has_is_kept_and_a_copy_is_refused(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    simulator.fault("unknown-field", "sagemaker:Describe*")
    assert run_inventory(shard.pk, now=now).errors == {}
    row = Endpoint.objects.select_related("config", "shard__account").get(name="alpha-serverless")
    assert row.config is not None
    inner = [path for path in row.config.unknown_fields if path.startswith("ProductionVariants[0]")]
    assert inner, row.config.unknown_fields
    name = inner[0].rpartition(".")[2]
    assert name in row.config.document["ProductionVariants"][0]
    assert row.unknown_fields
    assert "UnknownFields" not in {**row.document, **row.config.document}
    seen = observe.observe(row)
    assert seen.serverless is not None
    wanted = ConcurrencyWish(str(seen.serverless.max_concurrency + 1), "", Route.NEW_CONFIG)
    change, refusals = guards.concurrency(wanted, seen, context())
    assert change is None
    assert [r.code for r in refusals] == ["unknown-fields"]
    assert inner[0] in refusals[0].message or row.config.unknown_fields[0] in refusals[0].message


def test_documents_the_sdk_knows_have_no_such_fields_and_are_written_once(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    run_inventory(shard.pk, now=now)
    run_inventory(shard.pk, now=now + timedelta(hours=2))
    rows = Endpoint.objects.select_related("config")
    assert {(tuple(e.unknown_fields), tuple(e.config.unknown_fields)) for e in rows if e.config} == {((), ())}
    assert "UnknownFields" not in sagemaker.describe_endpoint_config(shard.scope, rows[0].config_name)
