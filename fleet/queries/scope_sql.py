"""A scope as a condition of a written-out statement. The column is a constant of the statement, never from outside."""

from typing import Any

from fleet.queries.scope import ScopeFilter


def within(shard: str) -> str:
    """Whether `shard`, a column that holds a shard's id, is of the scope; `bound` gives the values it names."""
    return f"""(%(is_everything)s OR {shard} IN (
        SELECT place.id FROM fleet_shard place JOIN fleet_account holder ON holder.id = place.account_id
        WHERE (cardinality(%(accounts)s::text[]) = 0 OR holder.account_id = ANY(%(accounts)s::text[]))
            AND (cardinality(%(regions)s::text[]) = 0 OR place.region = ANY(%(regions)s::text[]))
    ))"""  # noqa: S608


def bound(scope: ScopeFilter, **values: Any) -> dict[str, Any]:
    """What `within` names, and `values` beside it."""
    places = {"accounts": list(scope.accounts), "regions": list(scope.regions)}
    return {"is_everything": scope.is_everything, **places, **values}
