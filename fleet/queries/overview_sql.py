"""Statements behind fleet.queries.overview, written out: every look at the first page asks them all.

Every value from outside is bound.
"""

from fleet.queries.scope_sql import within

TROUBLES = f"""
SELECT i.id, i.severity, i.title, i.cause, i.summary, i.condition_since, i.endpoint_id, coalesce(e.name, ''),
    coalesce(e.kind, ''), i.acknowledged_at IS NOT NULL
FROM fleet_incident i LEFT JOIN fleet_endpoint e ON e.id = i.endpoint_id
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
CHANGES = f"""
SELECT c.at, c.endpoint_id, e.name, e.kind, c.summary, coalesce(u.username, ''), coalesce(o.code, '')
FROM fleet_changeevent c
JOIN fleet_endpoint e ON e.id = c.endpoint_id
LEFT JOIN fleet_operation o ON o.id = c.operation_id
LEFT JOIN fleet_user u ON u.id = o.requested_by_id
WHERE (%(since)s::timestamptz IS NULL OR c.at > %(since)s) AND {within("e.shard_id")}
ORDER BY c.at DESC, c.id DESC LIMIT %(limit)s
"""  # noqa: S608
