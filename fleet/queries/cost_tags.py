"""The tags that costs can be grouped by."""

from typing import Any

from django.db import connection

from fleet.queries import cost_sql
from fleet.queries.cost_scope import CostFilter


def keys(where: CostFilter, limit: int = 50) -> list[str]:
    """Keys of the tags that the filter's endpoints carry, the commonest first. One query."""
    values: dict[str, Any] = {"limit": limit}
    # Endpoints that carry the same tags are taken together first.
    sql = f"""
SELECT key FROM (
    SELECT e.tags, COUNT(*) AS endpoints FROM fleet_endpoint e
    WHERE true {cost_sql.endpoints(where, values, "e.id")} GROUP BY e.tags
) alike CROSS JOIN LATERAL jsonb_object_keys(alike.tags) AS key
GROUP BY key ORDER BY SUM(endpoints) DESC, key LIMIT %(limit)s"""  # noqa: S608 - the condition only
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [key for (key,) in cursor.fetchall()]
