"""The metric catalogue says what AWS publishes for which kind; these claims come from AWS's metric pages."""

from fleet.catalogue import BY_COLUMN, CATALOGUE, Dimensions, metrics_for
from fleet.types import Kind


def names(kind: Kind, *, has_provisioned: bool = False) -> set[str]:
    return {metric.name for metric in metrics_for(kind, has_provisioned=has_provisioned)}


def test_every_column_is_filled_by_one_metric() -> None:
    assert len(BY_COLUMN) == len(CATALOGUE)


def test_serverless_publishes_no_instance_metrics_but_memory() -> None:
    assert names(Kind.SERVERLESS).isdisjoint({"CPUUtilization", "GPUUtilization", "DiskUtilization"})
    assert "MemoryUtilization" in names(Kind.SERVERLESS)


def test_asynchronous_endpoints_publish_no_invocations() -> None:
    assert names(Kind.ASYNCHRONOUS).isdisjoint({"Invocations", "OverheadLatency"})
    assert "InvocationsProcessed" in names(Kind.ASYNCHRONOUS)


def test_backlog_is_asked_by_endpoint_name_alone() -> None:
    assert BY_COLUMN["backlog_max"].dimensions is Dimensions.ENDPOINT
    assert BY_COLUMN["processed"].dimensions is Dimensions.VARIANT


def test_provisioned_metrics_are_asked_only_while_some_is_configured() -> None:
    assert "ServerlessProvisionedConcurrencyInvocations" not in names(Kind.SERVERLESS)
    assert "ServerlessProvisionedConcurrencyInvocations" in names(Kind.SERVERLESS, has_provisioned=True)


def test_cache_metrics_belong_to_multi_model_endpoints_alone() -> None:
    for kind in Kind:
        assert ("ModelCacheHit" in names(kind)) is (kind is Kind.MULTI_MODEL)


def test_latencies_are_converted_from_microseconds_once() -> None:
    assert all(m.scale == 0.001 for m in CATALOGUE if m.unit == "ms")
    assert all(m.scale == 1.0 for m in CATALOGUE if m.unit != "ms")
