"""Rules about quotas of the account that this endpoint takes a part of."""

from fleet.advisor import sources, words
from fleet.advisor.advice import Decision, Effort, Line, Proposal, Risk, Severity
from fleet.advisor.evidence import Evidence
from fleet.advisor.rule import Needs, Outcome, Rule, advise
from fleet.operations.kinds import OperationKind
from fleet.types import Kind

NEAR = 0.8
UNUSED = 0.5
ROOM = 1.5
"""Times its highest use that an endpoint's max concurrency should keep."""
QUOTA = ("quota of the region", "Service Quotas, or AWS's table for the region")


def concurrency(e: Evidence) -> Outcome:
    """The region's concurrency is nearly handed out, and this endpoint holds more than twice what it used."""
    main = e.main
    if main is None or main.max_concurrency is None:
        return None
    need = Needs()
    need.history(e)
    used = need.of(e.quota.concurrency_used, *QUOTA)
    limit = need.of(e.quota.concurrency_limit, *QUOTA)
    peak = need.of(
        e.calls.peak_concurrency,
        "most calls at once",
        "CloudWatch: ServerlessConcurrentExecutionsUtilization",
    )
    if need.gap:
        return need.gap
    wanted = max(1, main.provisioned_concurrency, -(-int(peak * ROOM * 100) // 100))
    if used < NEAR * limit or peak > UNUSED * main.max_concurrency or wanted >= main.max_concurrency:
        return None
    fields = {
        "max_concurrency": str(wanted),
        "provisioned_concurrency": str(main.provisioned_concurrency or ""),
    }
    return advise(
        (Decision.LIMIT, Severity.NOTE, Effort.SMALL, Risk.MEDIUM),
        f"Lower max concurrency from {main.max_concurrency} to {wanted}",
        f"All serverless endpoints of the region share {limit:,}, of which {used:,} are handed out. It never "
        f"used more than {peak} at once.",
        [
            Line("Handed out in the region", f"{used:,} of {limit:,}", "concurrency quota"),
            Line(
                "Most at once", str(peak), words.window(e, "ServerlessConcurrentExecutionsUtilization × max")
            ),
        ],
        f"Set it back to {main.max_concurrency}, while the region has room.",
        proposal=Proposal(OperationKind.CHANGE_CONCURRENCY, fields),
    )


def endpoint_count(e: Evidence) -> Outcome:
    """Nearly all serverless endpoints that a region may have exist, and this one is hardly used."""
    need = Needs()
    used = need.of(e.quota.endpoints_used, *QUOTA)
    limit = need.of(e.quota.endpoints_limit, *QUOTA)
    calls = need.of(e.calls.count, *words.CALLS)
    if need.gap:
        return need.gap
    if used < NEAR * limit or calls:
        return None
    return advise(
        (Decision.LIMIT, Severity.NOTE, Effort.SMALL, Risk.MEDIUM),
        f"It takes one of {limit} serverless endpoints and had no call",
        f"The region has {used} of {limit}; new ones are refused at the limit.",
        [Line("Endpoints in the region", f"{used} of {limit}", "endpoint quota"), words.calls(e)],
        "Create it again from the kept config.",
        steps=("Delete it if its owner agrees, or ask AWS for a higher quota.",),
    )


def instances(e: Evidence) -> Outcome:
    """Nearly all instances of its type that the account may run are running: scaling out would be refused."""
    main = e.main
    if main is None:
        return None
    target = e.scaling.instances
    need = Needs()
    used = need.of(e.quota.instances_used, *QUOTA)
    limit = need.of(e.quota.instances_limit, *QUOTA)
    if need.gap:
        return need.gap
    wanted = max(0, target.maximum - (main.instance_count or 0)) if target else 0
    if used + wanted <= limit and used < NEAR * limit:
        return None
    return advise(
        (
            Decision.LIMIT,
            Severity.WARNING if used + wanted > limit else Severity.NOTE,
            Effort.MEDIUM,
            Risk.LOW,
        ),
        f"{used} of {limit} {main.instance_type} are in use in its account and region",
        "Scaling out, and an update that runs old and new instances side by side, need room: beyond the "
        "quota AWS refuses.",
        [
            Line("In use", f"{used} of {limit}", "Service Quotas"),
            Line("It may grow by", str(wanted), "scalable target's maximum less its instances"),
        ],
        "Nothing is changed by this advice.",
        steps=("Ask AWS for a higher quota of the type, or use another one.",),
    )


_SERVERLESS = frozenset({Kind.SERVERLESS})
_TYPES = frozenset({Kind.REAL_TIME, Kind.ASYNCHRONOUS, Kind.MULTI_MODEL, Kind.MULTI_CONTAINER})
RULES = (
    Rule(
        "concurrency-quota",
        1,
        "Concurrency of the region",
        _SERVERLESS,
        concurrency,
        sources.GUIDE_SERVERLESS,
    ),
    Rule(
        "endpoint-quota", 1, "Endpoints of the region", _SERVERLESS, endpoint_count, sources.GUIDE_SERVERLESS
    ),
    Rule("instance-quota", 1, "Instances of the type", _TYPES, instances, sources.API_ENDPOINT),
)
