"""What each line of each variant cost over the spans of the Costs page, now, before and by bar of the chart, and what
the variant did.

Added up from weeks and months by the statement that pages use for any other span. Today is left out, and added when it
is read: it changes all the time, whole days seldom.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db import connection, transaction

from fleet.queries import cost_spans, cost_sql
from fleet.queries.cost_cover import cover
from fleet.queries.cost_plan import BEFORE, Plan
from fleet.rollups import upsert

_LOCK = 7_405_319
_OF_SHARDS = """ AND p.variant_id IN (SELECT v.id FROM fleet_variantstatus v JOIN fleet_endpoint e
    ON e.id = v.endpoint_id WHERE e.shard_id = ANY(%(shards)s))"""


_COSTS = upsert.statement(
    "fleet_costspan",
    ("key",),
    ("variant_id", "component", "item"),
    cost_sql.FIGURES,
    f"""SELECT endpoint_id, variant_id, component, item, {cost_sql.SUMS}
    FROM ({cost_sql.BASE.format(where=_OF_SHARDS)}) base GROUP BY endpoint_id, variant_id, component, item""",  # noqa: S608 - statements of cost_sql
)


def _bars(number: int) -> str:
    """The statement for a chart of so many bars."""
    sums = ", ".join(f"SUM(amount) FILTER (WHERE slot = {n})" for n in range(number))
    return upsert.statement(
        "fleet_costbars",
        ("key",),
        ("variant_id", "component", "item"),
        ("bars",),
        f"""SELECT endpoint_id, variant_id, component, item, ARRAY[{sums}] AS bars
    FROM ({cost_sql.BASE.format(where=_OF_SHARDS)}) base GROUP BY endpoint_id, variant_id, component, item""",  # noqa: S608 - the same
    )


_USES = upsert.statement(
    "fleet_usespan",
    ("key",),
    ("variant_id",),
    cost_sql.USES,
    f"""SELECT endpoint_id, variant_id, {", ".join(f"SUM({name}) AS {name}" for name in cost_sql.USES)}
    FROM ({cost_sql.USE_BASE.format(where=_OF_SHARDS)}) base GROUP BY endpoint_id, variant_id""",  # noqa: S608 - the same
)


def write(shard_ids: Sequence[int], today: date, days: Iterable[date] | None = None) -> None:
    """Add up the spans of some shards that hold one of `days`, with the days before them; None: all spans."""
    changed = None if days is None else sorted(days)
    for key, span in cost_spans.spans(today).items():
        plan = Plan.of(span, today)
        if plan.compared is None or plan.before is None:
            continue
        first, last = plan.before.first, plan.compared.last
        if changed is not None and not any(first <= day <= last for day in changed):
            continue
        bars = plan.bars
        drawn = [(piece, n) for n, bar in enumerate(bars) if bar for piece in cover(bar)]
        used = [(piece, slot) for piece, slot in plan.whole if slot != BEFORE]
        values: dict[str, Any] = {"shards": list(shard_ids), "key": key}
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            cursor.execute(_COSTS, values | cost_sql.pieces(plan.whole))
            cursor.execute(_bars(len(bars)), values | cost_sql.pieces(drawn))
            cursor.execute(_USES, values | cost_sql.pieces(used, is_use=True))
