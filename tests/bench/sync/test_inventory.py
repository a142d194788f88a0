"""B1, B2, B9, B10 for the inventory: a company read for the first time, then kept up to date, with its peers."""

import math
import os
from pathlib import Path
from typing import Any

import pytest

from fleet.aws import sessions
from fleet.models import Endpoint
from fleet.types import AwsScope
from simulator import load_fleet
from tests.aws.simulator_process import SimulatorProcess
from tests.aws.sync import company
from tests.bench.report import Table
from tests.bench.sync import peers
from tests.bench.sync.conftest import PROCESSES, Company, Found

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]

QUICK, FULL = (1_000, 20, 5), (10_000, 100, 20)
LATENCY_S = 0.03
PEER_ENDPOINTS, LOOP_ENDPOINTS = 300, 50
MEMORY_MB = 400
ROUNDS = 3

Versions = dict[tuple[str, int], tuple[int, str]]


@pytest.mark.parametrize("latency_s", [0.0, LATENCY_S])
def test_first_look_and_upkeep(found: Found, table: Table, tmp_path: Path, latency_s: float) -> None:
    # The bars are about a company of 10,000 endpoints, 30 ms away; without latency a tenth of it tells the CPU's share.
    size = FULL if table.is_full and latency_s else QUICK
    case = f"{size[0]:,} endpoints, {size[1]} × {size[2]}, {latency_s * 1000:.0f} ms"
    ours = found(*size)
    peer_fleet = load_fleet.write(tmp_path / "peer.json", PEER_ENDPOINTS, 1, 1)
    with SimulatorProcess(peer_fleet) as other:
        for process in (ours.simulator, other):
            if latency_s:
                process.fault("latency", "*", seconds=latency_s)
        ours.warm_up()
        rounds = 1 if size == FULL else ROUNDS
        cold, custodian, loop, per_call = _rounds(ours, other, table, case, tmp_path, size[0], rounds)
    _compare(table, case, size, latency_s, cold, custodian, loop, per_call)
    _upkeep(ours, table, case, [c * size[0] / 1000 for c in cold])
    largest, together = ours.memory_mb()
    table.bar(
        bench="B10", case=f"largest worker process, {case}", value=largest, unit="MB", at_most=MEMORY_MB
    )
    table.bar(
        bench="B10", case=f"all {PROCESSES} worker processes together, {case}", value=together, unit="MB"
    )


def _compare(
    table: Table,
    case: str,
    size: tuple[int, int, int],
    latency_s: float,
    cold: list[float],
    custodian: list[dict[str, float]],
    loop: list[float],
    per_call: tuple[list[float], list[float]],
) -> None:
    """The rows of B1: what _rounds measured, beside its peers."""
    alone = [policies["endpoints"] for policies in custodian]
    same = [sum(policies.values()) for policies in custodian]
    # The ratios are for a machine with nothing else to do, so a miss only warns; this row tells how busy it was.
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    table.bar(bench="B1", case=f"load of the machine, {case}", value=load, unit="per processor")
    # Of an endpoint Flotilla reads its config and models as well; Cloud Custodian does so with a policy of each.
    table.add(
        bench="B1", case=f"cold sync per endpoint with config and models, {case}", unit="ms", ours=cold,
        peer_name="Cloud Custodian", peer=same, at_least=12 if latency_s else None, gates=False,
    )  # fmt: skip
    table.add(
        bench="B1", case=f"cold sync per endpoint, the peer reads endpoints alone, {case}", unit="ms", ours=cold,
        peer_name="Cloud Custodian", peer=alone, gates=False,
    )  # fmt: skip
    table.add(
        bench="B1", case=f"cold sync per endpoint, {case}, plain loop", unit="ms", ours=cold,
        peer_name="boto3, one call after the other", peer=loop, at_least=20 if latency_s else None, gates=False,
    )  # fmt: skip
    table.add(
        bench="B1", case=f"cold sync per call to AWS, {case}", unit="ms", ours=per_call[0],
        peer_name="Cloud Custodian", peer=per_call[1], gates=False,
    )  # fmt: skip
    if size == FULL or latency_s:
        seconds = [c * size[0] / 1000 for c in cold]
        table.bar(bench="B1", case=f"cold sync, {case}", value=seconds, unit="s", at_most=60)


def _rounds(
    ours: Company, other: SimulatorProcess, table: Table, case: str, folder: Path, endpoints: int, rounds: int
) -> tuple[list[float], list[dict[str, float]], list[float], tuple[list[float], list[float]]]:
    """Milliseconds per endpoint of a cold sync, Cloud Custodian (by policy) and a plain loop, in turn.

    At the end those per call that the simulator counted, of the cold sync and of Cloud Custodian.
    """
    cold, loop, cpu = [], [], []
    custodian: list[dict[str, float]] = []
    per_call: tuple[list[float], list[float]] = ([], [])
    aws = other.environment(load_fleet.ACCESS_KEY)
    for number in range(rounds):
        ours.forget()
        ours.simulator.reset_calls()
        cpu_before = ours.cpu_s()
        cold.append(ours.sync_s() * 1000 / endpoints)
        cpu.append(ours.cpu_s() - cpu_before)
        made = ours.simulator.calls()["calls"]
        places = company.truth(ours.simulator)
        assert company.mirror() == places
        floor = company.floor(places, len(ours.shards), made, len({s.account_id for s in ours.shards}))
        if number == 0:
            table.bar(
                bench="B1", case=f"calls ÷ floor of {floor:,}, {case}", value=sum(made.values()) / floor,
                unit="×", at_most=1.05,
            )  # fmt: skip
        other.reset_calls()
        took = peers.custodian_s(folder, aws, PEER_ENDPOINTS)
        custodian.append({policy: seconds * 1000 / PEER_ENDPOINTS for policy, seconds in took.items()})
        per_call[0].append(cold[-1] * endpoints / sum(made.values()))
        per_call[1].append(sum(took.values()) * 1000 / sum(other.calls()["calls"].values()))
        seconds, count = peers.plain_loop_s(aws, LOOP_ENDPOINTS)
        loop.append(seconds * 1000 / count)
    table.bar(bench="B1", case=f"CPU of the worker, {case}", value=cpu, unit="CPU s")
    return cold, custodian, loop, per_call


def _upkeep(ours: Company, table: Table, case: str, cold_s: list[float]) -> None:
    """Rounds of one percent changed, a thousandth gone and a thousandth new."""
    for _ in range(2):
        # What an inventory has to come first for (unused configs, links of models) is begun, then due hourly.
        ours.sync_s()
    steady, touched = [], 0
    for number in range(ROUNDS):
        changed, gone, new = _meddle(ours, number)
        touched = changed + gone + new
        before = ours.versions()
        ours.simulator.reset_calls()
        steady.append(ours.sync_s())
        made = ours.simulator.calls()["calls"]
        after = ours.versions()
        written = [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]
        different = [key for key in written if _digest(before, key) != _digest(after, key)]
        endpoints = sum(name == "fleet_endpoint" for name, _ in written)
        assert company.mirror() == company.truth(ours.simulator)
        assert made.get("sagemaker:DescribeEndpoint", 0) <= changed + gone + new
        table.bar(
            bench="B2", case=f"endpoint rows written ÷ changed, round {number + 1}, {case}",
            value=endpoints / touched, unit="×", at_most=1.0, at_least=1.0,
        )  # fmt: skip
        table.bar(
            bench="B2",
            case=f"rows of the mirror written ÷ {len(different)} that differ, round {number + 1}, {case}",
            value=len(written) / len(different), unit="×", at_most=1.0, at_least=1.0,
        )  # fmt: skip
    table.add(
        bench="B2", case=f"steady sync, {touched} endpoints changed, {case}", unit="s", ours=steady,
        peer_name="cold sync", peer=cold_s, at_least=8, gates=False,
    )  # fmt: skip


def _digest(versions: Versions, key: tuple[str, int]) -> str | None:
    return versions[key][1] if key in versions else None


def _meddle(ours: Company, number: int) -> tuple[int, int, int]:
    """Change 1 %, delete 0.1 % and add 0.1 % of the endpoints behind Flotilla's back; how many of each."""
    rows = list(
        Endpoint.objects.filter(closed_at=None, kind="real-time", name__contains="-forgotten-")
        .select_related("shard__account")
        .order_by("pk")
    )
    tenth_percent = max(1, len(company.mirror()) // 1000)
    changed = rows[number * 11 * tenth_percent :][: 10 * tenth_percent]
    gone = rows[(number * 11 + 10) * tenth_percent :][:tenth_percent]
    for row in changed:
        wish = {"VariantName": "AllTraffic", "DesiredInstanceCount": 2 + number}
        _act(row, "update_endpoint_weights_and_capacities", DesiredWeightsAndCapacities=[wish])
    for row in gone:
        _act(row, "delete_endpoint")
    ours.simulator.add_endpoints(
        [
            {
                "name": f"fresh-{number}-{n}",
                "account": shard.account.account_id,
                "region": shard.region,
                "serverless": {"memory_mb": 1024, "max_concurrency": 1},
            }
            for n, shard in enumerate(ours.shards[:tenth_percent])
        ]
    )
    ours.simulator.advance(5)
    return len(changed), len(gone), tenth_percent


def _act(row: Endpoint, operation: str, **parameters: Any) -> None:
    scope, account = row.shard.scope, row.shard.account
    role = f"arn:aws:iam::{account.account_id}:role/FlotillaAct"
    actor = AwsScope(scope.account_id, scope.region, role, scope.external_id)
    sessions.call(actor, "sagemaker", operation, EndpointName=row.name, **parameters)


def test_time_grows_no_faster_than_the_fleet(found: Found, table: Table) -> None:
    sizes = [(100, 2, 5), (1_000, 20, 5)] + ([(10_000, 100, 20)] if table.is_full else [])
    seconds = []
    for size in sizes:
        ours = found(*size)
        ours.warm_up()
        seconds.append(ours.sync_s())
        ours.worker.stop()
        ours.simulator.stop()
        ours.shards[0].account.__class__.objects.all().delete()
    slope = math.log(seconds[-1] / seconds[0]) / math.log(sizes[-1][0] / sizes[0][0])
    for (endpoints, *_), took in zip(sizes, seconds, strict=True):
        table.bar(bench="B9", case=f"cold sync of {endpoints:,}", value=took, unit="s")
    span = f"{sizes[0][0]:,} to {sizes[-1][0]:,} endpoints"
    table.bar(bench="B9", case=f"growth of the cold sync, {span}", value=slope, unit="log-log", at_most=1.05)


def test_memory_stays_flat(found: Found, table: Table) -> None:
    ours = found(*QUICK)
    for _ in range(5):
        ours.sync_s()
    _, before = ours.memory_mb()
    syncs = 50 if table.is_full else 15
    for _ in range(syncs):
        ours.sync_s()
    _, after = ours.memory_mb()
    table.bar(
        bench="B10",
        case=f"growth of the workers over {syncs} syncs",
        value=after - before,
        unit="MB",
        at_most=10,
    )
