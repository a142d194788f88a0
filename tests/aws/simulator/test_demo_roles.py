"""The demo's accounts let one role read and another act, as an installation set up by docs/iam.md does."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fleet.models import Account, Budget, PlanCommitment, User
from stack import seed
from tests.aws.pointed import pointed
from tests.aws.simulator.conftest import client_factory
from tests.aws.simulator_process import SimulatorProcess

pytestmark = pytest.mark.aws
DEMO = Path(__file__).resolve().parents[3] / "simulator" / "fleet.yaml"


def assume(make: Any, role: str, **more: str) -> dict[str, Any]:
    """Temporary credentials of a role."""
    return dict(make("sts").assume_role(RoleArn=role, RoleSessionName="tests", **more)["Credentials"])


@pytest.mark.parametrize(
    ("alias", "account", "external_id"),
    [
        ("prod", "111122223333", "prod-91d0e2"),
        ("lab", "444455556666", "lab-7f3c9a"),
        ("eu-regulated", "777788889999", "eu-2b8d41"),
    ],
)
def test_the_demo_accounts_have_one_role_to_read_and_one_to_act(
    alias: str, account: str, external_id: str, tmp_path: Path
) -> None:
    more = {"ExternalId": external_id}
    arn = f"arn:aws:sagemaker:us-east-1:{account}"
    with SimulatorProcess(DEMO, state=tmp_path / "state.json") as first:
        first.add_endpoint(
            name="Small",
            account=alias,
            region="us-east-1",
            serverless={"memory_mb": 1024, "max_concurrency": 5},
        )
        make = client_factory(first.url)
        reader = assume(make, f"arn:aws:iam::{account}:role/FlotillaRead", **more)
        actor = assume(make, f"arn:aws:iam::{account}:role/FlotillaAct", **more)
        read, act = make("sagemaker", "us-east-1", reader), make("sagemaker", "us-east-1", actor)
        config = read.describe_endpoint(EndpointName="Small")["EndpointConfigName"]
        variants = read.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
        new = {"EndpointConfigName": "Wider", "ProductionVariants": variants}
        update = {"EndpointName": "Small", "EndpointConfigName": "Wider"}
        user = f"User: arn:aws:sts::{account}:assumed-role/FlotillaRead/tests is not authorized to perform: "
        for attempt, refused in (
            (
                lambda: read.create_endpoint_config(**new),
                f"CreateEndpointConfig on resource: {arn}:endpoint-config/wider ",
            ),
            (lambda: read.update_endpoint(**update), f"UpdateEndpoint on resource: {arn}:endpoint/small "),
        ):
            with pytest.raises(ClientError) as caught:
                attempt()
            assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
            assert caught.value.response["Error"]["Message"].startswith(f"{user}sagemaker:{refused}")
        act.create_endpoint_config(**new)
        act.update_endpoint(**update)
        first.kill()
    with SimulatorProcess(DEMO, state=tmp_path / "state.json") as second:
        # What the acting role did was kept; its credentials are still good after the restart.
        again = client_factory(second.url)("sagemaker", "us-east-1", actor)
        assert again.describe_endpoint(EndpointName="Small")["EndpointConfigName"] == "Wider"


@pytest.mark.django_db
def test_the_demo_is_seeded_with_both_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    with SimulatorProcess(DEMO) as simulator, pointed(simulator, monkeypatch, seed.access_key(DEMO)):
        assert seed.accounts(DEMO) == 3
    for account in Account.objects.all():
        session = f"arn:aws:sts::{account.account_id}:assumed-role"
        assert (account.identity_error, account.act_identity_error) == ("", "")
        assert account.identity_arn == f"{session}/FlotillaRead/flotilla"
        assert account.act_identity_arn == f"{session}/FlotillaAct/flotilla"


@pytest.mark.django_db
def test_the_demo_has_a_budget_that_somebody_owns_and_seeding_again_makes_no_second() -> None:
    seed.people()
    assert seed.budgets(DEMO) == seed.budgets(DEMO) == 1
    budget = Budget.objects.get()
    assert (budget.teams, budget.owner) == (["media"], User.objects.get(username="operator"))


@pytest.mark.django_db
def test_the_demo_holds_the_savings_plan_its_account_is_billed_with_and_seeding_again_makes_no_second() -> (
    None
):
    seed.people()
    for account in seed.accounts_of(DEMO):
        Account.objects.create(account_id=str(account["id"]), alias=account["alias"])
    assert seed.commitments(DEMO) == seed.commitments(DEMO) == 1
    plan = PlanCommitment.objects.get()
    assert plan.account == Account.objects.get(alias="prod")
    assert (plan.name, plan.usd_per_hour, plan.years, plan.payment) == (
        "ML plan 2026", Decimal("1.5"), 1, PlanCommitment.Payment.NONE,
    )  # fmt: skip
    assert (plan.made_at.date() - plan.first_day).days == 100, "from the day on that the simulator bills it"
    assert plan.author == User.objects.get(username="admin")
