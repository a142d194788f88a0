"""The panel "Observer cost" of the Sync page: what watching costs, why, and what the cadence saves."""

from dataclasses import dataclass
from decimal import Decimal

from dashboards import wording
from dashboards.tables import Column, PlainTable
from dashboards.tiles import Explain, Tile
from fleet.costs.observer import BILL_PRICE_SOURCE, PRICE_SOURCE
from fleet.models import VariantStatus
from fleet.queries.observer import HISTORY, MINUTES, ONCE, PARTS, PROBE, READINGS_PER_DAY, Observer

Why = VariantStatus.Cadence
EVERY = {
    Why.NEW: "once, with the last day",
    Why.MOVING: "each minute (serverless) or five",
    Why.BUSY: "each five minutes",
    Why.IDLE: "each hour",
    Why.SILENT: "each hour",
    Why.GONE: "once more",
    PROBE: "each five or fifteen minutes",
    PARTS: "each hour",
    MINUTES: "once",
    HISTORY: "once",
}
REASON = {
    Why.NEW: "not read yet",
    Why.MOVING: "changed within the hour, or has an open incident",
    Why.BUSY: "had traffic within the hour",
    Why.IDLE: "no traffic for an hour",
    Why.SILENT: "no traffic for a day",
    Why.GONE: "deleted: its last hour is read to the end",
    PROBE: "one metric of an idle variant, to wake it when traffic comes",
    PARTS: "containers and inference components one by one",
    MINUTES: "minutes before the first reading, where somebody opened the planner",
    HISTORY: "hours before the first connection",
}
LABEL = {Why.NEW: "New", Why.MOVING: "Moving", Why.BUSY: "Busy", Why.IDLE: "Idle", Why.SILENT: "Silent",
         Why.GONE: "Gone", PROBE: "Probes", PARTS: "Parts", MINUTES: "Minutes", HISTORY: "History"}  # fmt: skip


def cadence(variant: VariantStatus) -> str:
    """How often a variant's metrics are read and why: "each hour: no traffic for a day"."""
    return f"{EVERY[Why(variant.metrics_why)]}: {REASON[Why(variant.metrics_why)]}"


@dataclass(frozen=True)
class Panel:
    """Everything the panel shows."""

    sentence: str
    tiles: list[Tile]
    cadences: PlainTable
    accounts: PlainTable


def panel(found: Observer) -> Panel:
    """The panel over what watching a scope costs."""
    return Panel(sentence(found), tiles(found), cadences(found), accounts(found))


def sentence(found: Observer) -> str:
    """The answer the panel opens with."""
    if found.capped:
        names = ", ".join(row.account.alias for row in found.capped)
        return f"Metrics of {names} wait until 00:00 UTC: today's CloudWatch budget is spent. State is still read."
    if found.history_left:
        return (
            f"Watching cost {wording.usd(found.today_usd)} today. The hourly history that is still being fetched will "
            f"cost {wording.usd(found.history_left_usd)} more, once."
        )
    if found.saved_usd <= 0:
        return f"Watching cost {wording.usd(found.today_usd)} today."
    return (
        f"Watching cost {wording.usd(found.today_usd)} today; reading everything each five minutes would have cost "
        f"{wording.usd(found.polling_usd)}."
    )


def tiles(found: Observer) -> list[Tile]:
    """Today, this month with its end, what the cadence saves, and what bills cost where they are read."""
    return [_today(found), _month(found), _saved(found), *([_bills(found)] if found.bills else [])]


def _today(found: Observer) -> Tile:
    limit = sum((row.limit_usd for row in found.accounts), Decimal(0))
    return Tile(
        "CloudWatch today",
        wording.usd(found.today_usd),
        note=f"of at most {wording.usd(limit)} over {len(found.accounts)} account{'s'[: len(found.accounts) != 1]}",
        tone="attention" if found.capped else "",
        title=wording.usd_exact(found.today_usd),
        explain=Explain(
            "What CloudWatch is expected to charge for the metrics asked since 00:00 UTC. Asking stops at the budget.",
            formula=f"{found.today:,} metrics × $0.01 ÷ 1,000",
            source=PRICE_SOURCE,
            basis="estimated",
            as_of=found.now,
        ),
    )


def _month(found: Observer) -> Tile:
    forecast = found.forecast_usd
    known = "yesterday's" if found.yesterday is not None else "today's, stretched to a day"
    steady = "unknown yet" if found.per_day is None else f"{int(found.per_day):,} ({known})"
    return Tile(
        "This month",
        wording.usd(found.month_usd),
        note=f"about {wording.usd(forecast)} by its end"
        if forecast is not None
        else "no forecast in the first hour",
        title=wording.usd_exact(found.month_usd),
        explain=Explain(
            "Asked this month (UTC), and the month's end if the days left are like a steady one. History is paid once "
            "and left out of the steady day.",
            formula="(month so far + rest of today + steady day × days left) × $0.01 ÷ 1,000",
            inputs=[
                ("Metrics this month", f"{found.month:,}"),
                ("Metrics of a steady day", steady),
                ("Days left", str(found.days_left)),
            ],
            source=PRICE_SOURCE,
            basis="estimated",
            as_of=found.now,
        ),
    )


def _bills(found: Observer) -> Tile:
    return Tile(
        "Cost Explorer this month",
        f"${found.bills_usd:.2f}",
        note=wording.plural(found.bills, "request"),
        title=wording.usd_exact(found.bills_usd),
        explain=Explain(
            "What AWS charges for being asked what it billed, in the accounts where that is switched on. Every request "
            "on the wire counts, repeats and further pages too.",
            formula=f"{found.bills:,} requests × $0.01",
            source=BILL_PRICE_SOURCE,
            basis="estimated",
            as_of=found.now,
        ),
    )


def _saved(found: Observer) -> Tile:
    is_known = found.polling_usd > 0 and found.saved_usd >= 0
    share = wording.percent(float(found.saved_usd / found.polling_usd)) if is_known else ""
    return Tile(
        "Spared by cadence today",
        wording.usd(found.saved_usd) if is_known else None,
        note=f"{share} of polling everything" if is_known else "",
        tone="ok" if found.saved_usd > 0 else "",
        reason="Nothing yet: the first reading of a variant brings its whole last day"
        if found.polling_usd
        else "No variant is watched yet",
        explain=Explain(
            "Against reading every metric of every live variant each five minutes since 00:00 UTC, or since the first "
            "account was connected; history is left out on both sides.",
            formula=f"{found.polled:,} metrics × {READINGS_PER_DAY} readings × {wording.percent(float(found.elapsed))} "
            f"of the day × $0.01 ÷ 1,000 − {found.steady:,} metrics asked × $0.01 ÷ 1,000",
            source=PRICE_SOURCE,
            basis="estimated",
            as_of=found.now,
        ),
    )


def cadences(found: Observer) -> PlainTable:
    """Why metrics are asked, how often, for how many variants, and what that cost today."""
    columns = [
        Column("Cadence"),
        Column("Read"),
        Column("Because"),
        Column("Variants now", is_number=True),
        Column("Metrics today", is_number=True),
        Column("Today, $", is_number=True),
    ]
    rows = [
        (
            LABEL[row.why],
            EVERY[row.why],
            REASON[row.why],
            wording.count(row.variants) if row.why not in {PROBE, PARTS, *ONCE} else "",
            wording.count(row.metrics),
            wording.usd(row.usd).removeprefix("$"),
        )
        for row in found.cadences
    ]
    return PlainTable("Metrics asked today by cadence", columns, rows)


def accounts(found: Observer) -> PlainTable:
    """What each account's metrics cost, against its budget of a day."""
    columns = [
        Column("Account"),
        Column("Today, $", is_number=True),
        Column("Budget a day, $", is_number=True),
        Column("Used", is_number=True),
        Column("This month, $", is_number=True),
    ]
    rows = [
        (
            row.account.alias,
            wording.usd(row.today_usd).removeprefix("$"),
            wording.usd(row.limit_usd).removeprefix("$"),
            wording.percent(row.share),
            wording.usd(row.month_usd).removeprefix("$"),
        )
        for row in sorted(found.accounts, key=lambda row: (-row.today, row.account.alias))
    ]
    return PlainTable("CloudWatch dollars by account", columns, rows)
