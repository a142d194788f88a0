"""How sums are renewed: what is worked out anew takes the place of what stands there, only where it differs."""

from collections.abc import Sequence


def statement(
    table: str, fixed: Sequence[str], keys: Sequence[str], figures: Sequence[str], fresh: str
) -> str:
    """SQL that makes the rows of some shards (%(shards)s) those that `fresh` selects, and removes all others.

    fixed: columns that all of them share, bound by their names; keys: what tells them apart beside; figures: the rest.
    `fresh` selects endpoint_id, keys and figures.
    """
    names, same = ", ".join(keys), " AND ".join(f"fresh.{key} = old.{key}" for key in keys)
    return f"""
WITH fresh AS ({fresh}), gone AS (
    DELETE FROM {table} old USING fleet_endpoint e
    WHERE {" AND ".join(f"old.{name} = %({name})s" for name in fixed)}
        AND e.id = old.endpoint_id AND e.shard_id = ANY(%(shards)s) AND NOT EXISTS (SELECT FROM fresh WHERE {same})
)
INSERT INTO {table} AS old ({", ".join(fixed)}, endpoint_id, {names}, {", ".join(figures)})
SELECT {", ".join(f"%({name})s" for name in fixed)}, endpoint_id, {names}, {", ".join(figures)}
FROM fresh ORDER BY {names}
ON CONFLICT ({", ".join(fixed)}, {names}) DO UPDATE SET endpoint_id = EXCLUDED.endpoint_id,
    {", ".join(f"{name} = EXCLUDED.{name}" for name in figures)}
WHERE ({", ".join(f"old.{name}" for name in figures)})
    IS DISTINCT FROM ({", ".join(f"EXCLUDED.{name}" for name in figures)})
"""  # noqa: S608 - names and statements of fleet.rollups only
