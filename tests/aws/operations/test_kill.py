"""kill -9 of a real Celery worker while it hangs in each call of each step: every operation ends once, applied."""

import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from fleet.analysis.planner.tracking import Policy
from fleet.aws import autoscaling
from fleet.models import Account, Endpoint, Operation, OperationStep, Shard, User
from fleet.operations import recover
from fleet.operations.kinds import (
    PROVISIONED_DIMENSION,
    ConcurrencyWish,
    ConversionWish,
    OperationKind,
    Route,
    SplitWish,
    UnsplitWish,
    Wish,
)
from fleet.operations.schedules import ScheduleWish
from fleet.sync.shard import run_inventory
from fleet.tasks import run_operation
from stack.processes import Part, kill_session, wait_until
from tests.aws.operations.conftest import plan_and_confirm
from tests.aws.pointed import pointed
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db(transaction=True)]

IN_PLACE, NEW_CONFIG = ConcurrencyWish("30", "5"), ConcurrencyWish("30", "", Route.NEW_CONFIG)
CONVERSION = ConversionWish("ml.m5.large", "1")
WEEKLY = ScheduleWish("weekly", days="daily", from_hour="8", to_hour="18", level="4", rest="1")
REMOVAL = ScheduleWish("remove")
WEEK = ScheduleWish("week", lines="cron(58 7 ? * MON-FRI *) 4\ncron(0 18 ? * MON-FRI *) 1")
FOLLOW = ScheduleWish("track", goal="70", minimum="1", maximum="6")
NO_POLICY = {"minimum": 1, "maximum": 5, "actions": [], "policies": []}
UNFOLLOW = ScheduleWish("restore", before=json.dumps(NO_POLICY))
SPLIT, UNSPLIT = SplitWish("", "1", "a.tar.gz"), UnsplitWish()
MOVING = (WEEKLY, REMOVAL, WEEK, FOLLOW, UNFOLLOW)
HANG_S = 300


@dataclass(frozen=True)
class Point:
    """Where the worker is when it dies. skip: how many calls of the action pass before the one that hangs.

    The simulator carries a hanging call out before it holds the answer back: the worker dies after the effect and
    before it knows. Dying in the read before a write is dying before the effect.
    """

    name: str
    wish: Wish
    action: str
    skip: int = 0
    resource: str = "{name}"


POINTS = (
    Point("place-read", IN_PLACE, "DescribeEndpoint"),
    Point("place-before-send", IN_PLACE, "DescribeEndpoint", skip=1),
    Point("place-send", IN_PLACE, "UpdateEndpointWeightsAndCapacities"),
    Point("place-wait", IN_PLACE, "DescribeEndpoint", skip=2),
    Point("place-prove", IN_PLACE, "DescribeEndpoint", skip=3),
    Point("config-read", NEW_CONFIG, "DescribeEndpoint"),
    Point("config-before-create", NEW_CONFIG, "DescribeEndpointConfig", resource="{name}-op-*"),
    Point("config-create", NEW_CONFIG, "CreateEndpointConfig", resource="{name}-op-*"),
    Point("config-created", NEW_CONFIG, "DescribeEndpointConfig", skip=1, resource="{name}-op-*"),
    Point("config-before-send", NEW_CONFIG, "DescribeEndpoint", skip=1),
    Point("config-send", NEW_CONFIG, "UpdateEndpoint"),
    Point("config-wait", NEW_CONFIG, "DescribeEndpoint", skip=2),
    Point("config-prove", NEW_CONFIG, "DescribeEndpoint", skip=3),
    Point("convert-deregister", CONVERSION, "DeregisterScalableTarget", resource="endpoint/{name}/*"),
    Point("convert-create", CONVERSION, "CreateEndpointConfig", resource="{name}-op-*"),
    Point("convert-send", CONVERSION, "UpdateEndpoint"),
    Point("convert-wait", CONVERSION, "DescribeEndpoint", skip=2),
    Point("convert-prove", CONVERSION, "DescribeEndpoint", skip=3),
    Point("weekly-register", WEEKLY, "RegisterScalableTarget", resource="endpoint/{name}/*"),
    Point("weekly-put-first", WEEKLY, "PutScheduledAction", resource="endpoint/{name}/*"),
    Point("weekly-put-second", WEEKLY, "PutScheduledAction", skip=1, resource="endpoint/{name}/*"),
    Point("removal-delete", REMOVAL, "DeleteScheduledAction", resource="endpoint/{name}/*"),
    Point("week-register", WEEK, "RegisterScalableTarget", resource="endpoint/{name}/*"),
    Point("week-put-second", WEEK, "PutScheduledAction", skip=1, resource="endpoint/{name}/*"),
    Point("follow-register", FOLLOW, "RegisterScalableTarget", resource="endpoint/{name}/*"),
    Point("follow-put", FOLLOW, "PutScalingPolicy", resource="endpoint/{name}/*"),
    Point("unfollow-delete", UNFOLLOW, "DeleteScalingPolicy", resource="endpoint/{name}/*"),
    Point("split-create", SPLIT, "CreateEndpoint", resource="{name}-b"),
    Point("split-prove", SPLIT, "DescribeEndpoint", skip=2, resource="{name}-b"),
    Point("unsplit-delete", UNSPLIT, "DeleteEndpoint"),
    Point("unsplit-config", UNSPLIT, "DeleteEndpointConfig", resource="{name}-op-made"),
)
ANSWERED = (
    Point("place-answered-send", IN_PLACE, "update-capacity"),
    Point("config-answered-create", NEW_CONFIG, "create-config"),
    Point("config-answered-send", NEW_CONFIG, "update-endpoint"),
    Point("convert-answered-deregister", CONVERSION, "deregister-scaling"),
    Point("convert-answered-send", CONVERSION, "update-endpoint"),
    Point("weekly-answered-register", WEEKLY, "register-scaling"),
    Point("weekly-answered-proof", WEEKLY, "prove-schedule"),
    Point("removal-answered-delete", REMOVAL, "delete-scheduled-action"),
    Point("week-answered-register", WEEK, "register-scaling"),
    Point("follow-answered-put", FOLLOW, "put-scaling-policy"),
    Point("unfollow-answered-delete", UNFOLLOW, "delete-scaling-policy"),
    Point("split-answered-create", SPLIT, "create-endpoint"),
    Point("unsplit-answered-delete", UNSPLIT, "delete-endpoint"),
)
"""Points between AWS's answer and the commit that notes it; `action` is the step's."""
SCALED = ("convert-deregister", "convert-answered-deregister")
"""Endpoints with a scalable target of provisioned concurrency."""
WARM = tuple(point.name for point in POINTS + ANSWERED if point.wish in MOVING) + SCALED
"""Endpoints with provisioned concurrency."""
GATE = 20_261_121
SLOW_POINTS = tuple(p for p in POINTS if p.name.endswith(("send", "wait", "create")))
"""Points where AWS may still be busy with the change when the next worker looks."""


@pytest.fixture(params=[0, 9], ids=["update at once", "update in 9 s"])
def aws(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatorProcess]:
    """A simulator of its own: at once, AWS has finished when the next worker looks; in 9 s, it has not."""
    with SimulatorProcess(update=request.param) as process, pointed(process, monkeypatch):
        yield process


def test_a_worker_killed_anywhere_leaves_one_finished_operation_and_one_write_of_each_kind(
    aws: SimulatorProcess, request: pytest.FixtureRequest, spawn: Callable[..., Part]
) -> None:
    is_at_once = request.node.callspec.params["aws"] == 0
    in_calls, answered = (POINTS, ANSWERED) if is_at_once else (SLOW_POINTS, ANSWERED[:1])
    points = in_calls + answered
    operations = _operations(aws, points)
    for point in in_calls:
        action = f"*:{point.action}"
        resource = point.resource.format(name=point.name)
        aws.fault("latency", action, resource=resource, skip=point.skip, count=1, seconds=HANG_S)

    with _commits_held_back(answered):
        first = _worker(spawn, aws, "first", len(points))
        assert wait_until(lambda: not _waited_for(aws, answered) or not first.is_running(), timeout_s=60), (
            _waited_for(aws, answered)
        )
        assert first.is_running(), first.tail(60)
        assert first.process is not None
        os.kill(first.process.pid, signal.SIGKILL)
        kill_session(first.process.pid)
    for point in answered:
        step = OperationStep.objects.get(operation__endpoint__name=point.name, action=point.action)
        assert step.state == "running", "AWS has answered, and nobody noted it"
    aws.clear_faults()

    second = _worker(spawn, aws, "second", len(points))
    assert wait_until(lambda: _ring_and_look(operations), timeout_s=90, every_s=0.5), (
        list(Operation.objects.values_list("endpoint__name", "state", "verdict_detail")),
        second.tail(60),
    )
    verdicts = dict(Operation.objects.values_list("endpoint__name", "verdict"))
    assert verdicts == {point.name: "applied" for point in points}
    assert _writes(aws) == _expected(points)


def _operations(aws: SimulatorProcess, points: tuple[Point, ...]) -> list[int]:
    """One endpoint, and one confirmed operation on it, per point."""
    aws.add_endpoints(
        [
            {
                "name": point.name,
                "account": "test",
                "region": "us-east-1",
                "created": "-1d",
                **_hosting(point),
            }
            for point in points
        ]
    )
    account = Account.objects.create(account_id="111122223333", alias="test")
    shard = Shard.objects.create(account=account, region="us-east-1")
    run_inventory(shard.pk, now=aws.now())
    removed = [point.name for point in points if point.wish is REMOVAL]
    followed = [point.name for point in points if point.wish is UNFOLLOW]
    scaled = list(Endpoint.objects.filter(name__in=[*SCALED, *removed, *followed]))
    for endpoint in scaled:
        variant = endpoint.variants.get().name
        resource = f"endpoint/{endpoint.name}/variant/{variant}"
        autoscaling.register_scalable_target(
            shard.scope, resource, PROVISIONED_DIMENSION, minimum=1, maximum=5
        )
        if endpoint.name in removed:
            autoscaling.put_scheduled_action(
                shard.scope, resource, PROVISIONED_DIMENSION, "noon", {"Schedule": "rate(1 day)"}
            )
        if endpoint.name in followed:
            policy = Policy(0.7, 1, 5).configuration()
            autoscaling.put_scaling_policy(
                shard.scope, resource, PROVISIONED_DIMENSION, "mine", "TargetTrackingScaling", policy
            )
    if scaled:
        run_inventory(shard.pk, now=aws.now())
    alice = User.objects.create_user("alice", role=User.Role.OPERATOR)
    for point in points:
        if point.wish is UNSPLIT:
            _as_if_split(Endpoint.objects.get(name=point.name))
    aws.reset_calls()
    return [
        plan_and_confirm(Endpoint.objects.get(name=point.name), _wish(point), alice).pk for point in points
    ]


def _hosting(point: Point) -> dict[str, Any]:
    """What the simulator hosts a point's endpoint on."""
    if point.wish in (SPLIT, UNSPLIT):
        on = {
            "instances": {"type": "ml.c5.large", "count": 1},
            "model": {"mode": "MultiModel", "data": "s3://a/b/"},
        }
        return on | ({"config": f"{point.name}-op-made"} if point.wish is UNSPLIT else {})
    warm = {"provisioned": 2} if point.name in WARM else {}
    return {"serverless": {"memory_mb": 2048, "max_concurrency": 20, **warm}}


def _wish(point: Point) -> Wish:
    return replace(SPLIT, name=f"{point.name}-b") if point.wish is SPLIT else point.wish


def _as_if_split(endpoint: Endpoint) -> None:
    """The split that made an endpoint, long ended."""
    wanted, now = {"new_endpoint": endpoint.name, "config_name": endpoint.config_name}, timezone.now()
    Operation.objects.create(
        form_token=f"made-{endpoint.pk}", kind=OperationKind.SPLIT_MODELS, endpoint=endpoint, verdict="applied",
        state=Operation.State.SUCCEEDED, plan={"wanted": wanted}, planned_at=now, confirmed_at=now,
    )  # fmt: skip


def _worker(spawn: Callable[..., Part], aws: SimulatorProcess, name: str, threads: int) -> Part:
    env = {
        **aws.environment(),
        "FLOTILLA_OPERATION_LEASE_S": "5",
        "FLOTILLA_OPERATION_POLL_S": "1",
        "FLOTILLA_DATABASE_POOL": str(threads + 4),
    }
    options = ["-Q", "operations", "--pool", "threads", "--concurrency", str(threads)]
    options += ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO"]
    return spawn(name, sys.executable, "-m", "celery", "-A", "config", "worker", *options, env=env)


def _waited_for(aws: SimulatorProcess, answered: tuple[Point, ...]) -> list[str]:
    """Calls and commits that no worker hangs in yet."""
    rules = aws.request("GET", "/_faults")
    found = [f"{rule['action']} {rule['resource']}" for rule in rules if not rule["hits"]]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            " WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.objid = %s AND NOT l.granted",
            [GATE],
        )
        (held,) = cursor.fetchone()
    return found + [f"{len(answered) - held} of {len(answered)} commits"] * (held < len(answered))


@contextmanager
def _commits_held_back(points: tuple[Point, ...]) -> Iterator[None]:
    """Whoever would note one of these steps as done waits at a gate in the database until the block is left."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [GATE])
        cursor.execute(
            "CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$"
            f" BEGIN PERFORM pg_advisory_xact_lock({GATE}); RETURN NEW; END $$"
        )
        for n, point in enumerate(points):
            steps = OperationStep.objects.filter(operation__endpoint__name=point.name, action=point.action)
            cursor.execute(
                f"CREATE TRIGGER gate_{n} BEFORE UPDATE ON fleet_operationstep FOR EACH ROW"
                f" WHEN (NEW.id = {steps.get().pk} AND NEW.state = 'done') EXECUTE FUNCTION gate()"
            )
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [GATE])
            cursor.execute("DROP FUNCTION gate() CASCADE")


def _ring_and_look(operations: list[int]) -> bool:
    """What the tick does each minute, and whether everything has ended."""
    for operation_id in recover.due(timezone.now()):
        run_operation.delay(operation_id)
    return not Operation.objects.filter(pk__in=operations, state__in=Operation.ACTIVE).exists()


def _writes(aws: SimulatorProcess) -> Counter[tuple[str, str]]:
    """Effective writes by endpoint and action."""
    found: Counter[tuple[str, str]] = Counter()
    for write in aws.calls()["writes"]:
        params = write["params"]
        about = params.get("EndpointName") or params.get("EndpointConfigName") or params["ResourceId"]
        name = about.removeprefix("endpoint/").split("/")[0].split("-op-")[0]
        found[name, write["action"].split(":")[-1]] += 1
    return found


def _expected(points: tuple[Point, ...]) -> Counter[tuple[str, str]]:
    wanted: Counter[tuple[str, str]] = Counter()
    for point in points:
        if point.wish is IN_PLACE:
            wanted[point.name, "UpdateEndpointWeightsAndCapacities"] = 1
        elif point.wish in (WEEKLY, WEEK):
            wanted[point.name, "RegisterScalableTarget"] = 1
            wanted[point.name, "PutScheduledAction"] = 2
        elif point.wish is FOLLOW:
            wanted[point.name, "RegisterScalableTarget"] = wanted[point.name, "PutScalingPolicy"] = 1
        elif point.wish is UNFOLLOW:
            wanted[point.name, "DeleteScalingPolicy"] = 1
        elif point.wish is REMOVAL:
            wanted[point.name, "DeleteScheduledAction"] = 1
        elif point.wish is SPLIT:
            made = f"{point.name}-b"
            wanted[made, "CreateEndpointConfig"] = wanted[made, "CreateEndpoint"] = 1
        elif point.wish is UNSPLIT:
            wanted[point.name, "DeleteEndpoint"] = wanted[point.name, "DeleteEndpointConfig"] = 1
        else:
            wanted[point.name, "CreateEndpointConfig"] = wanted[point.name, "UpdateEndpoint"] = 1
        if point.name in SCALED:
            wanted[point.name, "DeregisterScalableTarget"] = 1
    return wanted
