"""A simulated account with serverless endpoints, its mirror, and people who may change it."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from fleet.models import Account, Endpoint, Operation, Shard, User
from fleet.operations import lifecycle
from fleet.operations.execute import advance
from fleet.operations.kinds import Wish
from fleet.sync.shard import run_inventory
from tests.aws.pointed import pointed
from tests.aws.simulator_process import SimulatorProcess

Planner = Callable[[Wish], Operation]


@pytest.fixture(scope="session")
def simulator_process() -> Iterator[SimulatorProcess]:
    with SimulatorProcess(update=20) as process:
        yield process


@pytest.fixture
def simulator(
    simulator_process: SimulatorProcess, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SimulatorProcess]:
    """The simulator with its two-endpoint fleet; boto3 finds it by the environment alone."""
    simulator_process.reset("two_endpoints")
    with pointed(simulator_process, monkeypatch):
        yield simulator_process


@pytest.fixture
def mirror(simulator: SimulatorProcess, db: None) -> Callable[[], None]:
    """Brings the mirror up to date with the simulator; called once already."""
    account = Account.objects.create(account_id="111122223333", alias="test")
    shard = Shard.objects.create(account=account, region="us-east-1")

    def sync() -> None:
        outcome = run_inventory(shard.pk, now=simulator.now())
        assert "inventory" in outcome.ok_sections, outcome

    sync()
    return sync


@pytest.fixture
def endpoint(mirror: Callable[[], None]) -> Endpoint:
    """alpha-serverless: 2,048 MB, max concurrency 20, nothing provisioned."""
    return Endpoint.objects.get(name="alpha-serverless")


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice", role=User.Role.OPERATOR)


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob", role=User.Role.OPERATOR)


def plan_and_confirm(endpoint: Endpoint, wish: Wish, actor: User) -> Operation:
    """A queued operation, as two clicks of the actor make one."""
    endpoint.refresh_from_db()
    reason = "saturates every morning"
    planned = lifecycle.plan(
        endpoint,
        wish,
        reason=reason,
        form_token=f"token-{endpoint.pk}-{Operation.objects.count()}",
        actor=actor,
        now=timezone.now(),
        address=None,
    )
    return lifecycle.confirm(
        planned, actor=actor, reason=reason, typed_name=endpoint.name, now=timezone.now(), address=None
    )


@pytest.fixture
def queued(endpoint: Endpoint, alice: User) -> Planner:
    """Plan and confirm a wish as alice; the operation is queued."""
    return lambda wish: plan_and_confirm(endpoint, wish, alice)


@pytest.fixture
def settle(simulator: SimulatorProcess) -> Callable[[Operation], Operation]:
    """Advance an operation to its end, moving both clocks past every pause it asks for; fails when it does not end."""

    def run(operation: Operation) -> Operation:
        now: datetime = timezone.now()
        for _ in range(60):
            advance(operation.pk, now=now)
            operation.refresh_from_db()
            if operation.state in Operation.ENDED:
                return operation
            later = max(filter(None, [now, operation.next_poll_at, operation.lease_until])) + timedelta(
                seconds=1
            )
            simulator.advance((later - now).total_seconds())
            now = later
        raise AssertionError(f"{operation} did not end: {operation.state}")

    return run
