"""What the planner's page says of minutes from before the first reading: under way, fetched, or missing and why."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboards import wording
from fleet.models import MinuteFetch, VariantStatus
from fleet.planning import minutes
from fleet.queries import observer
from fleet.queries.planning import LONGEST

DAY = timedelta(days=1)
KEPT = "CloudWatch keeps points of one minute for 15 days, so no window is longer than 14."
_AGAIN = {
    MinuteFetch.Stop.BUDGET: "The rest is fetched after 00:00 UTC, when somebody looks.",
    MinuteFetch.Stop.ERROR: "The rest is tried an hour later, when somebody looks.",
}


@dataclass(frozen=True)
class Told:
    """A title and a text; share of what was missing that is stored, None where nothing is under way."""

    title: str
    text: str
    share: float | None = None


def told(row: MinuteFetch, variant: VariantStatus, now: datetime) -> Told | None:
    """What to say on top of the page; None once everything is there."""
    if row.is_complete:
        return None
    done, wanted = row.wanted_until - row.done_from, row.wanted_until - row.wanted_from
    if row.is_waited_for:
        price = minutes.price(variant, row.done_from - row.wanted_from)
        account = variant.endpoint.shard.account
        left = observer.left_usd(account, now=now)
        return Told(
            f"Reading minutes from before the first look: {_days(done)} of {_days(wanted)}.",
            f"The rest asks CloudWatch for {price.metrics} metrics, {wording.usd(price.usd)}, of "
            f"{wording.usd(left)} that are left of today's budget of {account.alias}. The forecast follows.",
            done / wanted,
        )
    missing = f"{_at(row.wanted_from)} to {_at(row.done_from)} UTC"
    return Told(f"Minutes of {missing} are missing.", f"{row.failure} {_AGAIN[MinuteFetch.Stop(row.stop)]}")


def fact(row: MinuteFetch) -> str:
    """ "13 days, 21 Nov 19:40 UTC, 100 metrics, $0.0010"."""
    ended = f", {_at(row.ended_at)} UTC" if row.ended_at is not None else ""
    price = minutes.Price(row.metrics)
    spent = f"{price.metrics} metrics, {wording.usd(price.usd)}"
    return f"{_days(row.wanted_until - row.done_from)}{ended}, {spent}"


def beforehand(variant: VariantStatus) -> str:
    """What opening the planner for the first time asks of CloudWatch, at most."""
    price = minutes.price(variant, LONGEST)
    return (
        f"Opening it reads up to 14 days of minutes once: at most {price.metrics} metrics of CloudWatch, "
        f"{wording.usd(price.usd)}, within the account's budget."
    )


def _days(length: timedelta) -> str:
    """ "13 days", "0.5 days"."""
    days = f"{length / DAY:.3g}"
    return f"{days} day{'' if days == '1' else 's'}"


def _at(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %H:%M}"
