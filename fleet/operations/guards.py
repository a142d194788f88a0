"""Every reason to refuse a change before anything is sent to AWS. Pure: observed state and wish in, refusals out.

What is checked again when a finished plan is confirmed stands in fleet.operations.confirmation.
"""

import re

from fleet.costs.options import MEMORY_SIZES_MB
from fleet.errors import Refusal
from fleet.operations.kinds import (
    ConcurrencyChange,
    ConcurrencyWish,
    Context,
    Conversion,
    ConversionWish,
    InstanceOption,
    MemoryChange,
    MemoryWish,
    Observed,
    Route,
)
from fleet.types import MAX_SERVERLESS_CONCURRENCY, EndpointStatus, Kind, ServerlessCapacity

_WHOLE_NUMBER = re.compile(r"[+-]?\d{1,9}", re.ASCII)
MAX_INSTANCES = 100
"""More than this many instances in one form is taken for a slip of the finger; AWS's own quota is usually lower."""


def concurrency(
    wish: ConcurrencyWish, seen: Observed, context: Context
) -> tuple[ConcurrencyChange | None, list[Refusal]]:
    """Check a concurrency wish; the change is None whenever a refusal is given."""
    refusals = standing(seen, context)
    maximum, problems = whole_number(wish.max_concurrency, "max_concurrency", "Max concurrency")
    provisioned: int | None = None
    if wish.provisioned_concurrency.strip():
        label = "Provisioned concurrency"
        provisioned, more = whole_number(wish.provisioned_concurrency, "provisioned_concurrency", label)
        problems += more
    if maximum is not None:
        problems += _max_in_range(maximum)
    if provisioned is not None:
        problems += _provisioned_in_range(provisioned, maximum)
    if _clones(wish, provisioned, seen):
        problems += unknown_fields(seen)
    if not problems and seen.serverless is not None and maximum is not None:
        problems += _against_live(maximum, provisioned, wish.route, seen.serverless, seen, context)
    if refusals or problems or maximum is None:
        return None, [*refusals, *problems]
    return ConcurrencyChange(maximum, provisioned, wish.route), []


def memory(wish: MemoryWish, seen: Observed, context: Context) -> tuple[MemoryChange | None, list[Refusal]]:
    """Check a memory wish; the change is None whenever a refusal is given."""
    refusals = [*standing(seen, context), *unknown_fields(seen)]
    size, problems = whole_number(wish.memory_mb, "memory_mb", "Memory")
    if size is not None and size not in MEMORY_SIZES_MB:
        text = f"Memory is {size:,} MB; AWS accepts 1,024 to 6,144 MB in steps of 1,024."
        problems.append(Refusal("memory_mb", "memory-size", text))
    if size is not None and seen.serverless is not None and size == seen.serverless.memory_mb:
        problems.append(
            Refusal("memory_mb", "no-change", f"Nothing would change: memory is {size:,} MB already.")
        )
    if refusals or problems or size is None:
        return None, [*refusals, *problems]
    return MemoryChange(size), []


def conversion(
    wish: ConversionWish, seen: Observed, context: Context
) -> tuple[Conversion | None, list[Refusal]]:
    """Check a conversion wish; the change is None whenever a refusal is given."""
    refusals = [*standing(seen, context), *unknown_fields(seen)]
    count, problems = whole_number(wish.instance_count, "instance_count", "Instance count")
    if count is not None and not 1 <= count <= MAX_INSTANCES:
        text = f"Instance count is {count:,}; it must be at least 1 and at most {MAX_INSTANCES}."
        problems.append(Refusal("instance_count", "count-out-of-range", text))
    option = context.instances.get(wish.instance_type.strip())
    problems += _instance(wish, option, seen, context)
    if option is not None and count is not None:
        problems += against_instance_quota(option, count, seen)
    if refusals or problems or option is None or count is None:
        return None, [*refusals, *problems]
    return Conversion(option, count), []


def standing(seen: Observed, context: Context) -> list[Refusal]:
    """Refusals that hold whatever is asked: role, kind, status, readability, AWS's leave, another operation."""
    return leave(seen, context) + (there(seen) or _endpoint_state(seen))


def leave(seen: Observed, context: Context) -> list[Refusal]:
    """Who may not change anything here now: role, AWS's leave, another operation."""
    found = []
    if not context.actor_may:
        text = f"Your role is {context.actor_role}; changing an endpoint needs operator or admin."
        found.append(Refusal("", "role", text))
    if seen.is_read_only:
        text = (
            f"{seen.account} is read-only: it has no role for changing, and the role for reading may not change "
            "endpoints. An admin adds one in Settings."
        )
        found.append(Refusal("", "read-only-account", text))
    if context.active is not None:
        active = context.active
        text = (
            f"{active.actor} is changing {seen.endpoint} already: {active.title} (op-{active.code}), "
            f"since {active.since}. Wait until it has ended."
        )
        found.append(Refusal("", "busy", text))
    return found


def there(seen: Observed) -> list[Refusal]:
    """Whether the endpoint exists and can be read."""
    if seen.is_closed:
        return [Refusal("", "closed", f"{seen.endpoint} no longer exists in AWS.")]
    if seen.unreadable:
        text = f"AWS does not let Flotilla read {seen.endpoint}: {seen.unreadable}. What is not known is not changed."
        return [Refusal("", "unreadable", text)]
    return []


def _endpoint_state(seen: Observed) -> list[Refusal]:
    if seen.kind != Kind.SERVERLESS or seen.serverless is None:
        text = f"{seen.endpoint} is {seen.kind}, not serverless; only serverless endpoints have this setting."
        return [Refusal("", "not-serverless", text)]
    if not seen.config_document:
        text = f"The endpoint config {seen.config_name} has not been read from AWS, so it cannot be copied."
        return [Refusal("", "config-unread", text)]
    if seen.status != EndpointStatus.IN_SERVICE:
        text = f"{seen.endpoint} is {seen.status}. AWS accepts a change only while it is InService."
        return [Refusal("", "not-in-service", text)]
    return []


def _clones(wish: ConcurrencyWish, provisioned: int | None, seen: Observed) -> bool:
    """Whether the change needs a copy of the config: asked for, or because provisioned concurrency is to go."""
    live = seen.serverless
    is_removal = live is not None and live.provisioned_concurrency is not None and provisioned is None
    return wish.route is Route.NEW_CONFIG or is_removal


def unknown_fields(seen: Observed) -> list[Refusal]:
    """A copy that silently lacks a setting of the original would be another endpoint."""
    if not seen.unknown_fields:
        return []
    names = ", ".join(seen.unknown_fields[:5])
    text = (
        f"The endpoint config {seen.config_name} has fields that this version's AWS SDK does not know ({names}), so a "
        "copy would lack them. Update Flotilla, or make the change where the field was set."
    )
    return [Refusal("", "unknown-fields", text)]


def whole_number(text: str, field: str, label: str) -> tuple[int | None, list[Refusal]]:
    """A typed whole number of at most nine digits, or why it is none."""
    typed = text.strip()
    if not typed:
        return None, [Refusal(field, "missing", f"{label} is missing: type a whole number.")]
    if not _WHOLE_NUMBER.fullmatch(typed):
        return None, [Refusal(field, "not-a-number", f"{label} must be a whole number, not “{typed}”.")]
    return int(typed), []


def _max_in_range(maximum: int) -> list[Refusal]:
    if maximum < 1:
        text = f"Max concurrency is {maximum}; the lowest AWS accepts is 1."
        return [Refusal("max_concurrency", "max-too-low", text)]
    if maximum > MAX_SERVERLESS_CONCURRENCY:
        text = f"Max concurrency is {maximum:,}; the highest AWS accepts is {MAX_SERVERLESS_CONCURRENCY} per endpoint."
        return [Refusal("max_concurrency", "max-too-high", text)]
    return []


def _provisioned_in_range(provisioned: int, maximum: int | None) -> list[Refusal]:
    field = "provisioned_concurrency"
    if provisioned < 1:
        text = f"Provisioned concurrency is {provisioned}; the lowest is 1. Leave the field empty for none."
        return [Refusal(field, "provisioned-too-low", text)]
    if maximum is not None and provisioned > maximum:
        text = (
            f"Provisioned concurrency {provisioned} > max concurrency {maximum}: it must be at most the max."
        )
        return [Refusal(field, "provisioned-over-max", text)]
    return []


def _against_live(
    maximum: int,
    provisioned: int | None,
    route: Route,
    live: ServerlessCapacity,
    seen: Observed,
    context: Context,
) -> list[Refusal]:
    found = []
    if (maximum, provisioned) == (live.max_concurrency, live.provisioned_concurrency):
        text = (
            f"Nothing would change: max concurrency is {live.max_concurrency} and provisioned concurrency "
            f"{live.provisioned_concurrency or 'none'} already."
        )
        found.append(Refusal("", "no-change", text))
    ledger = context.ledger
    after = ledger.others + maximum
    if ledger.quota is not None and after > ledger.quota and maximum > live.max_concurrency:
        text = (
            f"After this change {seen.account} would hold {after:,} of {ledger.quota:,} concurrency in {seen.region}; "
            f"{max(ledger.quota - ledger.others, 0):,} are left for this endpoint."
        )
        found.append(Refusal("max_concurrency", "region-quota", text))
    if route is Route.IN_PLACE and provisioned is None and live.provisioned_concurrency is not None:
        text = (
            "UpdateEndpointWeightsAndCapacities cannot remove provisioned concurrency; it needs a new config."
        )
        found.append(Refusal("route", "route-cannot-remove", text))
    return found + _against_scaling(provisioned, seen)


def _against_scaling(provisioned: int | None, seen: Observed) -> list[Refusal]:
    scaling, field = seen.scaling, "provisioned_concurrency"
    if scaling is None:
        return []
    between = f"between {scaling.minimum} and {scaling.maximum}"
    if provisioned is None:
        text = (
            f"A scalable target keeps provisioned concurrency {between}, so it cannot be removed: "
            "deregister the target first."
        )
        return [Refusal(field, "scalable-target", text)]
    if not scaling.minimum <= provisioned <= scaling.maximum:
        text = (
            f"Provisioned concurrency {provisioned} is outside the scalable target, {between}: "
            "auto scaling would undo it. Stay inside, or edit the target first."
        )
        return [Refusal(field, "outside-scaling", text)]
    return []


def _instance(
    wish: ConversionWish, option: InstanceOption | None, seen: Observed, context: Context
) -> list[Refusal]:
    field, name = "instance_type", wish.instance_type.strip()
    if option is None:
        text = f"“{name}” is not an instance type for hosting." if name else "Choose an instance type."
        return [Refusal(field, "unknown-instance", text)]
    found = []
    if option.usd_per_hour is None and not (context.is_admin and wish.accept_unpriced):
        text = f"No price is known for {name} in {seen.region}, so the cost cannot be shown."
        if context.is_admin:
            text += " Tick “price unknown, go on” to accept that."
        else:
            text += " An admin may accept that."
        found.append(Refusal(field, "no-price", text))
    needed = seen.serverless.memory_mb if seen.serverless else None
    if needed is not None and option.memory_mb is not None and option.memory_mb < needed:
        text = f"{name} has {option.memory_mb:,} MB of memory, the endpoint uses {needed:,} MB today."
        found.append(Refusal(field, "memory-too-small", text))
    return found


def against_instance_quota(option: InstanceOption, count: int, seen: Observed) -> list[Refusal]:
    """Whether the account may run so many of the type in the region."""
    if option.quota is None:
        return []
    after = option.held + count
    if option.quota < 1:
        text = (
            f"{seen.account} may run 0 of {option.name} for endpoints in {seen.region} (Service Quotas): "
            "choose another type, or ask AWS for more."
        )
        return [Refusal("instance_type", "no-instance-quota", text)]
    if after > option.quota:
        text = (
            f"After this change {seen.account} would run {after:,} of {option.quota:,} {option.name} in {seen.region}; "
            f"{max(option.quota - option.held, 0):,} are left."
        )
        return [Refusal("instance_count", "instance-quota", text)]
    return []
