"""Statements behind fleet.queries.overview, written out: every look at the first page asks them all.

Every value from outside is bound.
"""

from fleet.queries.scope_sql import within

TROUBLES = f"""
SELECT i.id, i.severity, i.title, i.cause, i.summary, i.condition_since, i.endpoint_id, coalesce(e.name, ''),
    coalesce(e.kind, ''), i.acknowledged_at IS NOT NULL, r.key, coalesce(o.code, '')
FROM fleet_incident i JOIN fleet_alertrule r ON r.id = i.rule_id
LEFT JOIN fleet_endpoint e ON e.id = i.endpoint_id LEFT JOIN fleet_operation o ON o.id = i.operation_id
WHERE i.resolved_at IS NULL AND {within("e.shard_id")} AND (
    -- Another threshold of the same budget and period was passed after the one that the incident is about.
    starts_with(i.subject, %(budget)s) AND EXISTS (
        SELECT FROM fleet_incident later
        WHERE later.rule_id = i.rule_id AND starts_with(later.subject, %(budget)s) AND later.id > i.id
            AND later.resolved_at IS NULL
            AND split_part(later.subject, ':', 2) = split_part(i.subject, ':', 2)
            AND split_part(later.subject, ':', 3) = split_part(i.subject, ':', 3)
    )
) IS NOT TRUE
ORDER BY i.severity, i.condition_since, i.id LIMIT %(limit)s
"""  # noqa: S608
UNREADABLE = f"""
SELECT NULL::bigint, '', a.alias, s.region, s.sections #> '{{inventory,error}}'
FROM fleet_shard s JOIN fleet_account a ON a.id = s.account_id
WHERE s.enabled AND a.enabled AND jsonb_typeof(s.sections #> '{{inventory,error}}') <> 'null' AND {within("s.id")}
UNION ALL
SELECT e.id, e.name, a.alias, s.region, e.unreadable
FROM fleet_endpoint e JOIN fleet_shard s ON s.id = e.shard_id JOIN fleet_account a ON a.id = s.account_id
WHERE e.closed_at IS NULL AND e.unreadable IS NOT NULL AND {within("e.shard_id")}
"""  # noqa: S608
_SINCE = "{} > %(since)s"


def _newest(select: str, shown: int) -> str:
    """The newest rows of a part with how many there are, `most` at most: scaling alone makes thousands a day."""
    return f"""(SELECT part.*, count(*) OVER () FROM ({select} ORDER BY at DESC LIMIT %(most)s) part
    ORDER BY at DESC LIMIT {shown})"""  # noqa: S608


_OPERATIONS = f"""
SELECT 'operation' AS what, coalesce(o.finished_at, o.started_at, o.confirmed_at, o.planned_at) AS at, o.endpoint_id,
    e.name, e.kind, coalesce(o.plan->>'summary', o.kind) AS text, coalesce(u.username, '') AS by, o.code AS ref,
    coalesce(nullif(o.verdict, ''), o.state) AS result, NULL::numeric AS usd
FROM fleet_operation o JOIN fleet_endpoint e ON e.id = o.endpoint_id
LEFT JOIN fleet_user u ON u.id = o.requested_by_id
WHERE {_SINCE.format("coalesce(o.finished_at, o.started_at, o.confirmed_at, o.planned_at)")} AND {within("e.shard_id")}
"""  # noqa: S608
_EVENTS = """
SELECT {what}, c.at, c.endpoint_id, e.name, e.kind, c.summary, '', '', '', NULL::numeric
FROM fleet_changeevent c JOIN fleet_endpoint e ON e.id = c.endpoint_id
WHERE {condition} AND {since} AND {within}
"""
_OF_EVENTS = {"since": _SINCE.format("c.at"), "within": within("e.shard_id")}
_CHANGES = _EVENTS.format(
    what="'change'",
    condition="c.category NOT IN ('created', 'closed') AND c.operation_id IS NULL",
    **_OF_EVENTS,
)
_EXISTENCE = _EVENTS.format(what="c.category", condition="c.category IN ('created', 'closed')", **_OF_EVENTS)
_INCIDENTS = f"""
SELECT 'incident', i.opened_at AS at, i.endpoint_id, coalesce(e.name, ''), coalesce(e.kind, ''),
    coalesce(nullif(i.cause, ''), i.title), '', i.id::text,
    CASE WHEN i.resolved_at IS NULL THEN i.severity ELSE 'resolved' END, NULL::numeric
FROM fleet_incident i LEFT JOIN fleet_endpoint e ON e.id = i.endpoint_id
WHERE {_SINCE.format("i.opened_at")} AND {within("e.shard_id")}
"""  # noqa: S608
_RISES = f"""
SELECT 'rise', r.since::timestamp AT TIME ZONE 'UTC' AS at, r.endpoint_id, e.name, e.kind, r.cause, '', '', '',
    (r.actual - r.expected) / CASE WHEN r.is_week THEN 7 ELSE 1 END
FROM fleet_costrise r JOIN fleet_endpoint e ON e.id = r.endpoint_id
WHERE r.day = (SELECT max(day) FROM fleet_risecheck) AND {within("e.shard_id")}
"""  # noqa: S608
NEWS = " UNION ALL ".join(
    _newest(part, shown)
    for part, shown in ((_OPERATIONS, 4), (_CHANGES, 5), (_EXISTENCE, 4), (_INCIDENTS, 3), (_RISES, 50))
)
"""(what, at, endpoint's id, name, kind, text, by, ref, result, USD a day, how many of the part)."""
