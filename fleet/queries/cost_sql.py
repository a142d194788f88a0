"""The explorer's SQL: months, weeks and days of a plan as one set of lines, narrowed, keyed and added up."""

from collections.abc import Iterable, Sequence
from typing import Any

from fleet.models import Endpoint
from fleet.queries import to_date_sql
from fleet.queries.cost_cover import DAY, Piece
from fleet.queries.cost_plan import Mark
from fleet.queries.cost_scope import OF_LINES, CostFilter, GroupBy, Grouping

_KEYS = {
    GroupBy.ENDPOINT: "l.endpoint_id",
    GroupBy.COMPONENT: "l.component",
    GroupBy.MODEL: "v.model_name",
    GroupBy.INSTANCE_TYPE: "l.item",
}
_OF_ENDPOINT = "k.key"
_SHARD = "JOIN fleet_shard s ON s.id = e.shard_id"
_ENDPOINTS_BY = {
    GroupBy.ACCOUNT: f"a.account_id AS key FROM fleet_endpoint e {_SHARD} JOIN fleet_account a ON a.id = s.account_id",
    GroupBy.REGION: f"s.region AS key FROM fleet_endpoint e {_SHARD}",
    GroupBy.TEAM: "e.team AS key FROM fleet_endpoint e",
    GroupBy.KIND: "e.kind AS key FROM fleet_endpoint e",
    GroupBy.TAG: "COALESCE(e.tags ->> %(tag)s, '') AS key FROM fleet_endpoint e",
}
# The key of every endpoint first: lines are several times as many, and are joined once. OFFSET keeps it so.
_JOINS = {
    by: f"JOIN (SELECT e.id, {key} OFFSET 0) k ON k.id = l.endpoint_id" for by, key in _ENDPOINTS_BY.items()
}
_JOINS[GroupBy.MODEL] = "JOIN fleet_variantstatus v ON v.id = l.variant_id"
"""What a key needs; every line has an endpoint and a variant, so that leaving them out loses none."""
# Whether a group is one of the chosen is told of each endpoint or variant once, not of each of its lines.
_CHOSEN = "CASE WHEN ({0})::text = ANY(%(keys)s) THEN ({0})::text END"
_CHOSEN_JOINS = {
    by: f"""JOIN (SELECT id, {_CHOSEN.format("key")} AS key FROM (SELECT e.id, {key}) e OFFSET 0) k
    ON k.id = l.endpoint_id"""  # noqa: S608 - the keys above only
    for by, key in _ENDPOINTS_BY.items()
}
_CHOSEN_JOINS[GroupBy.MODEL] = f"""JOIN (
    SELECT id, {_CHOSEN.format("model_name")} AS key FROM fleet_variantstatus OFFSET 0) k ON k.id = l.variant_id"""  # noqa: S608 - the key alone
_CHOSEN_ENDPOINT = "CASE WHEN l.endpoint_id = ANY(%(keys)s::bigint[]) THEN l.endpoint_id::text END"
# OFFSET keeps each piece a reading of its own by its index: joined, the whole table looks cheaper than it is.
# Periods and days of the plan, narrowed; {where} is a condition on endpoint_id, variant_id, component and item.
BASE = """
    SELECT p.*, w.slot
    FROM unnest(%(grains)s::text[], %(firsts)s::date[], %(slots)s::int[]) AS w (grain, first, slot)
    CROSS JOIN LATERAL (
        SELECT p.endpoint_id, p.variant_id, p.component, p.item, p.amount, p.unpriced, p.no_data
        FROM fleet_costperiod p WHERE p.grain = w.grain AND p.first = w.first {where} OFFSET 0
    ) p
    UNION ALL
    SELECT p.*, w.slot
    FROM unnest(%(days)s::date[], %(day_slots)s::int[]) AS w (day, slot)
    CROSS JOIN LATERAL (
        SELECT p.endpoint_id, p.variant_id, p.component, p.item, p.amount,
            (p.confidence = 'unpriced')::int AS unpriced, (p.confidence = 'no-data')::int AS no_data
        FROM fleet_dailycost p WHERE p.day = w.day {where} OFFSET 0
    ) p
"""
SUMS = """SUM(amount) FILTER (WHERE slot < 2) AS amount, SUM(amount) FILTER (WHERE slot = 1) AS compared,
    SUM(amount) FILTER (WHERE slot = 2) AS before, COALESCE(SUM(unpriced) FILTER (WHERE slot < 2), 0) AS unpriced,
    COALESCE(SUM(no_data) FILTER (WHERE slot < 2), 0) AS no_data,
    COALESCE(SUM(unpriced + no_data) FILTER (WHERE slot = 2), 0) AS gaps_before,
    COUNT(*) FILTER (WHERE slot < 2) AS lines, COUNT(*) FILTER (WHERE slot = 1) AS lines_compared,
    COUNT(*) FILTER (WHERE slot = 2) AS lines_before"""
FIGURES = (
    "amount", "compared", "before", "unpriced", "no_data", "gaps_before", "lines", "lines_compared", "lines_before",
)  # fmt: skip
AMOUNTS = frozenset({"amount", "compared", "before"})
READ = ("amount", "compared", "before", "unpriced", "no_data", "lines", "lines_before")
"""What is read of a line."""
_OF_L = ", ".join(f"l.{name}" for name in READ)
_ADDED = ", ".join(f"SUM({name}) AS {name}" for name in READ)
# The kept sums of whole days, and today's lines as they are: a line may stand twice, since only groups are shown.
_BESIDE_TODAY = f"""l AS (
    SELECT p.endpoint_id, p.variant_id, p.component, p.item, {", ".join(READ)}
    FROM {{from}}
    UNION ALL
    SELECT endpoint_id, variant_id, component, item, amount, NULL, NULL, unpriced, no_data, 1, 0
    FROM ({{base}}) today
)"""  # noqa: S608 - the names above only
_KEPT = f"WITH {_BESIDE_TODAY.replace('{from}', 'fleet_costspan p WHERE p.key = %(kept)s {where}')}"
_DIFFERENCE = f"WITH {_BESIDE_TODAY.replace('{from}', '({whole}) p')}"
_TOTALS = ", ".join(f"SUM({name}) AS total_{name}" for name in READ)
_ADDED_UP = """WITH base AS ({base}), l AS (
    SELECT endpoint_id, variant_id, component, item, {sums}
    FROM base GROUP BY endpoint_id, variant_id, component, item
)"""
# Lines by group and part of the bill, from which groups are few steps away, but for endpoints, which have few lines.
_PARTS = """by_part AS MATERIALIZED (
    SELECT key, component, {added} FROM keyed GROUP BY key, component
), counted AS (
    SELECT key, COUNT(*) AS endpoints FROM (SELECT DISTINCT key, endpoint_id FROM keyed WHERE lines > 0) of_group
    GROUP BY key
), added AS (
    SELECT sums.*, COALESCE(endpoints, 0) AS endpoints
    FROM (SELECT key, {added} FROM by_part GROUP BY key) sums LEFT JOIN counted USING (key)
)"""
_OF_PARTS = "SELECT * FROM by_part WHERE lines > 0 AND key IN (SELECT key FROM shown)"
_ENDPOINTS = """added AS (
    SELECT keyed.key::text AS key, {added}, (SUM(lines) > 0)::int AS endpoints FROM keyed GROUP BY keyed.key
)"""
_OF_ENDPOINTS = """SELECT key::text AS key, component, amount FROM keyed
            WHERE lines > 0 AND key IN (SELECT key::bigint FROM shown)"""
# Two short lists instead of one of all groups in two orders. Of a group that is in the first one alone, place is 0.
ROWS = """
{lines}, keyed AS MATERIALIZED (
    SELECT {key} AS key, l.endpoint_id, l.component, l.item, {figures} FROM l {joins}
), {groups}, totals AS (
    SELECT COUNT(*) AS groups, {totals}, SUM(endpoints) AS total_endpoints FROM added
), dearest AS (
    SELECT key, ROW_NUMBER() OVER (ORDER BY amount DESC NULLS LAST, key) AS rank
    FROM (SELECT key, amount FROM added ORDER BY amount DESC NULLS LAST, key LIMIT %(top)s) first
), placed AS (
    SELECT key, ROW_NUMBER() OVER (ORDER BY {order} {direction} NULLS LAST, key) AS place
    FROM (SELECT key, amount, compared, before FROM added ORDER BY {order} {direction} NULLS LAST, key
        LIMIT %(until)s) first
), shown AS (
    SELECT added.*, totals.*, COALESCE(rank, %(top)s + 1) AS rank, COALESCE(place, 0) AS place
    FROM dearest FULL JOIN placed USING (key) JOIN added USING (key) CROSS JOIN totals
    WHERE place > %(offset)s OR rank IS NOT NULL
), parts AS (
    SELECT key, jsonb_object_agg(component, amount::text) AS components FROM (
        SELECT key, component, SUM(amount) AS amount FROM ({of_shown}) of_shown GROUP BY key, component) by_component
    GROUP BY key
)
SELECT shown.*, parts.components, (SELECT MIN(day) FROM fleet_dailycost) AS first_day,
    CASE WHEN %(with_gaps)s AND place IS NOT DISTINCT FROM (SELECT MIN(place) FROM shown) THEN ({gaps}) END AS gaps
FROM (SELECT) always LEFT JOIN shown ON true LEFT JOIN parts USING (key) ORDER BY place
"""
SERIES = """
WITH l AS ({base})
SELECT {chosen} AS drawn, slot, SUM(l.amount) FROM l {chosen_joins} GROUP BY drawn, slot
"""
KEPT_SERIES = """
SELECT {chosen} AS drawn, ARRAY[{bars}]
FROM (SELECT p.* FROM fleet_costbars p WHERE p.key = %(kept)s {where}) l {chosen_joins}
WHERE {with_others} OR {chosen} IS NOT NULL GROUP BY drawn
"""
# Today stands in the last of the bars.
TODAY_SERIES = """
SELECT {chosen} AS drawn, -1, SUM(l.amount) FROM ({base}) l {chosen_joins} GROUP BY drawn
"""
USES = to_date_sql.USES
USE_BASE = """
    SELECT p.endpoint_id, p.variant_id, p.calls, p.compute_s, p.idle_usd, p.spare_usd
    FROM unnest(%(grains)s::text[], %(firsts)s::date[]) AS w (grain, first)
    CROSS JOIN LATERAL (
        SELECT * FROM fleet_useperiod p WHERE p.grain = w.grain AND p.first = w.first {where} OFFSET 0
    ) p
"""
_KEPT_USE = f"""
    SELECT p.endpoint_id, p.variant_id, p.calls, p.compute_s, p.idle_usd, p.spare_usd
    FROM fleet_usespan p WHERE p.key = %(kept)s {{where}}
    UNION ALL {USE_BASE}
"""  # noqa: S608 - the statement above only
_DIFFERENCE_OF_USE = f"{{whole}} UNION ALL {USE_BASE}"
USE = """
WITH l AS ({uses})
SELECT {chosen} AS shown, SUM(l.calls), SUM(l.compute_s), SUM(l.idle_usd), SUM(l.spare_usd)
FROM l {chosen_joins} GROUP BY shown
"""
# Parts in no figure, with the first row. What AWS does not let Flotilla read has no variant, and so no line either.
GAPS = """SELECT jsonb_agg(jsonb_build_array(id, name, component, item, unpriced, no_data)
        ORDER BY unpriced = 0, no_data = 0, name, id, component, item) FROM (
    SELECT k.endpoint_id AS id, e.name, k.component, k.item, k.unpriced, k.no_data FROM (
        SELECT endpoint_id, component, item, SUM(unpriced) AS unpriced, SUM(no_data) AS no_data
        FROM keyed WHERE unpriced > 0 OR no_data > 0 GROUP BY endpoint_id, component, item
    ) k CROSS JOIN LATERAL (SELECT name FROM fleet_endpoint WHERE id = k.endpoint_id OFFSET 0) e
    UNION ALL
    SELECT p.id, p.name, '', '', 0, 0 FROM (SELECT *, id AS endpoint_id FROM fleet_endpoint) p
    WHERE %(with_unread)s AND p.closed_at IS NULL AND p.unreadable IS NOT NULL
        AND NOT EXISTS (SELECT FROM fleet_variantstatus v WHERE v.endpoint_id = p.id) {endpoints}
) missing"""


def statement(
    template: str,
    where: CostFilter,
    by: Grouping,
    given: Iterable[tuple[Piece, int]],
    *,
    is_use: bool = False,
    kept: str = "",
    marks: Sequence[Mark] = (),
) -> tuple[str, dict[str, Any]]:
    """A template with lines, key and joins filled in (what is left keeps its braces), and its values.

    kept: the key of the kept span (cost_spans), or marks: the sums to date, to which the pieces given are added.
    """
    values: dict[str, Any] = {"tag": by.tag, "kept": kept, **pieces(given, is_use=is_use)}
    lines, uses = (_KEPT, _KEPT_USE) if kept else (_ADDED_UP, USE_BASE)
    whole = ""
    if marks:
        lines, uses = _DIFFERENCE, _DIFFERENCE_OF_USE
        whole = (to_date_sql.uses if is_use else to_date_sql.whole)(marks, values)
    narrowed = whose = endpoints(where, values, "p.endpoint_id")
    if where.models:
        values["models"] = list(where.models)
        narrowed += (
            " AND p.variant_id IN (SELECT id FROM fleet_variantstatus WHERE model_name = ANY(%(models)s))"
        )
    for name, wanted in (("component", where.components), ("item", where.items)):
        if wanted and not is_use:
            values[f"{name}s"] = list(wanted)
            narrowed += f" AND p.{name} = ANY(%({name}s)s)"
    parts = {
        "{groups}": _ENDPOINTS if by.by is GroupBy.ENDPOINT else _PARTS,
        "{of_shown}": _OF_ENDPOINTS if by.by is GroupBy.ENDPOINT else _OF_PARTS,
        "{lines}": lines, "{uses}": uses, "{whole}": whole, "{base}": BASE,
        "{where}": narrowed, "{key}": _KEYS.get(by.by, _OF_ENDPOINT), "{joins}": _JOINS.get(by.by, ""),
        "{chosen_joins}": _CHOSEN_JOINS.get(by.by, ""), "{chosen}": _chosen(by.by, is_use=is_use),
        "{endpoints}": whose, "{sums}": SUMS, "{figures}": _OF_L, "{added}": _ADDED, "{totals}": _TOTALS,
    }  # fmt: skip
    for name, text in parts.items():
        template = template.replace(name, text)
    return template, values


def _chosen(by: GroupBy, *, is_use: bool) -> str:
    """The key of a line where it is one of the chosen; lines have no use of their own."""
    if is_use and by in OF_LINES:
        return "NULL::text"
    if by is GroupBy.ENDPOINT:
        return _CHOSEN_ENDPOINT
    return _OF_ENDPOINT if by in _CHOSEN_JOINS else _CHOSEN.format(_KEYS[by])


def pieces(given: Iterable[tuple[Piece, int]], *, is_use: bool = False) -> dict[str, Any]:
    """The values of BASE, or of USE_BASE, for some pieces."""
    found = list(given)
    periods = [(piece, slot) for piece, slot in found if is_use or piece.grain != DAY]
    days = [(piece, slot) for piece, slot in found if not is_use and piece.grain == DAY]
    return {
        "grains": [piece.grain for piece, _ in periods], "firsts": [piece.first for piece, _ in periods],
        "slots": [slot for _, slot in periods], "days": [piece.first for piece, _ in days],
        "day_slots": [slot for _, slot in days],
    }  # fmt: skip


def endpoints(where: CostFilter, values: dict[str, Any], column: str) -> str:
    """Condition that narrows to the filter's endpoints, its values added; "" for all of them."""
    condition = where.q("")
    if not condition:
        return ""
    sql, given = Endpoint.objects.filter(condition).order_by().values("pk").query.sql_with_params()
    names = [f"endpoint_{n}" for n in range(len(given))]
    values |= dict(zip(names, given, strict=True))
    return f" AND {column} IN ({sql % tuple(f'%({name})s' for name in names)})"
