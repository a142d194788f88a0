"""A company of many accounts: its rows in our tables, its truth in the simulator, and the calls a first look needs."""

from collections import Counter
from math import ceil

from fleet.models import Account, Endpoint, Shard
from simulator import load_fleet
from tests.aws.simulator_process import SimulatorProcess

READER = "FlotillaRead"
# How the simulator names hosting kinds → how the product does.
KINDS = {
    "async": "asynchronous",
    "mme": "multi-model",
    "mce": "multi-container",
    "pipeline": "multi-container",
    "component": "inference-component",
}
DESCRIBED = frozenset(
    f"sagemaker:Describe{what}" for what in ("Endpoint", "EndpointConfig", "Model", "InferenceComponent")
)
Place = tuple[str, str, str]


def take_in(accounts: int, regions: int) -> list[Shard]:
    """Our rows for the accounts of simulator.load_fleet, without asking AWS."""
    described = load_fleet.accounts(accounts, regions)
    rows = Account.objects.bulk_create(
        Account(
            account_id=entry["id"],
            alias=entry["alias"],
            role_arn=f"arn:aws:iam::{entry['id']}:role/{READER}",
            external_id=next(r for r in entry["roles"] if r["name"] == READER).get("external_id", ""),
        )
        for entry in described
    )
    return Shard.objects.bulk_create(
        Shard(account=row, region=region)
        for row, entry in zip(rows, described, strict=True)
        for region in entry["regions"]
    )


def truth(simulator: SimulatorProcess) -> dict[Place, str]:
    """Kind of every endpoint that exists, by account, region and name, as the simulator has them."""
    at = simulator.now()
    return {
        (row["account"], row["region"], row["endpoint"]): KINDS.get(row["kind"], row["kind"])
        for row in simulator.truth(at, at)["variants"]
        if row["deleted"] is None
    }


def mirror() -> dict[Place, str]:
    """The same as our tables have them, of endpoints that are open and in service."""
    rows = Endpoint.objects.filter(closed_at=None, status="InService")
    return {
        (account, region, name): kind
        for account, region, name, kind in rows.values_list(
            "shard__account__account_id", "shard__region", "name", "kind"
        )
    }


def floor(places: dict[Place, str], scopes: int, made: dict[str, int], assumed: int) -> int:
    """The fewest calls that a first look at everything can do with.

    A page of each kind of listing per scope, or as many as endpoints and their tags fill; one describe per endpoint,
    config, model and component; `assumed` roles. `made`: the calls that were made, which tell the kinds of listings.
    """
    per_scope = Counter((account, region) for account, region, _ in places)
    further_pages = 2 * sum(ceil(count / 100) - 1 for count in per_scope.values())
    listings = [action for action in made if action not in DESCRIBED and not action.startswith("sts:")]
    # The generated fleet gives each endpoint a config and a model of its own, but with inference components two
    # components and no model.
    with_components = sum(kind == "inference-component" for kind in places.values())
    described = 3 * len(places) - with_components + 2 * with_components
    return len(listings) * scopes + further_pages + described + assumed


def described(made: dict[str, int]) -> int:
    """How many of these calls looked at one thing only."""
    return sum(made.get(action, 0) for action in DESCRIBED)
