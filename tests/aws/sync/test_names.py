"""Names keep their case, older ARNs have them in lower case: neither is worked out from the other."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from fleet.models import Endpoint, Shard
from fleet.sync.shard import run_inventory
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db(transaction=True)]


def test_a_name_in_mixed_case_keeps_its_tags_and_its_row(
    simulator: SimulatorProcess, shard: Shard, sagemaker: Any, now: datetime
) -> None:
    simulator.add_endpoint(
        account="test",
        region="us-east-1",
        name="Mixed-Case",
        serverless={"memory_mb": 1024, "max_concurrency": 5},
        tags={"owner": "ana"},
    )
    run_inventory(shard.pk, now=now)
    row = Endpoint.objects.get(name="Mixed-Case")
    assert row.arn.endswith(":endpoint/mixed-case")
    assert (row.owner, row.tags) == ("ana", {"owner": "ana"})
    assert row.name == sagemaker.describe_endpoint(EndpointName=row.name)["EndpointName"]
    run_inventory(shard.pk, now=now + timedelta(hours=2))
    assert Endpoint.objects.filter(name__iexact="mixed-case").values_list("pk", "closed_at").get() == (
        row.pk,
        None,
    )
