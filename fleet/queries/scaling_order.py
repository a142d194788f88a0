"""The order of scalable targets: those the linter found something about come first, however many there are."""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, QuerySet, Window

from fleet.analysis.scaling_policies.facts import COPIES as COPIES
from fleet.analysis.scaling_policies.facts import INSTANCES as INSTANCES
from fleet.analysis.scaling_policies.facts import PROVISIONED as PROVISIONED
from fleet.models import ScalableTarget, VariantStatus
from fleet.queries.scope import ScopeFilter
from fleet.types import Kind


@dataclass(frozen=True)
class Order:
    """A page of the targets at work and the first orphans, by id, with how many there are of each.

    warnings: targets at work that a finding is about. A target whose endpoint is gone, or was never seen, is an orphan.
    """

    targets: int
    warnings: int
    orphans: int
    shown: list[int]
    orphans_shown: list[int]


def order(scope: ScopeFilter, *, offset: int, size: int, orphans: int) -> Order:
    """The targets of the scope, those with a finding first, then by name; at most `orphans` of the orphans. One query.

    offset: of a page of `size`; one beyond the last page means the last one.
    """
    bound: dict[str, Any] = {
        "accounts": list(scope.accounts), "regions": list(scope.regions), "offset": offset, "size": size,
        "listed": orphans,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_ORDER, bound)
        return Order(*cursor.fetchone())


def fixed_levels(scope: ScopeFilter) -> QuerySet[VariantStatus, Any]:
    """Serverless variants that pay for provisioned concurrency which nothing scales, by name.

    Rows of (endpoint id and name, account's alias, region, variant, level, how many there are).
    """
    scaled = ScalableTarget.objects.filter(
        dimension=PROVISIONED, endpoint=OuterRef("endpoint"), variant_name=OuterRef("name")
    )
    paying = VariantStatus.objects.filter(
        ~Exists(scaled),
        scope.q("endpoint__shard"),
        endpoint__closed_at=None,
        endpoint__kind=Kind.SERVERLESS,
        removed_at=None,
        provisioned_concurrency__gt=0,
    )
    place = ("endpoint__shard__account__alias", F("endpoint__shard__region"))
    return paying.order_by("endpoint__name", "pk").values_list(
        "endpoint_id", "endpoint__name", *place, "name", "provisioned_concurrency", Window(Count("pk"))
    )


_ORDER = """
WITH judged AS MATERIALIZED (
    SELECT t.id, t.resource_id, t.dimension, e.name, (e.id IS NOT NULL AND e.closed_at IS NULL) AS is_at_work,
        (SELECT min(CASE f.severity WHEN 'critical' THEN 0 ELSE 1 END) FROM fleet_scalingfinding f
            WHERE f.target_id = t.id AND f.severity <> 'unknown') AS gravity
    FROM fleet_scalabletarget t
    LEFT JOIN fleet_endpoint e ON e.id = t.endpoint_id
    WHERE t.shard_id IN (
        SELECT s.id FROM fleet_shard s JOIN fleet_account a ON a.id = s.account_id
        WHERE (cardinality(%(accounts)s::text[]) = 0 OR a.account_id = ANY(%(accounts)s::text[]))
            AND (cardinality(%(regions)s::text[]) = 0 OR s.region = ANY(%(regions)s::text[]))
    )
), counted AS (
    SELECT count(*) FILTER (WHERE is_at_work) AS targets,
        count(*) FILTER (WHERE is_at_work AND gravity IS NOT NULL) AS warnings,
        count(*) FILTER (WHERE NOT is_at_work) AS orphans
    FROM judged
)
SELECT counted.*,
    ARRAY(
        SELECT id FROM judged WHERE is_at_work ORDER BY gravity NULLS LAST, name, dimension, id LIMIT %(size)s
        OFFSET least(%(offset)s, greatest(counted.targets - 1, 0) / %(size)s * %(size)s)
    ),
    ARRAY(SELECT id FROM judged WHERE NOT is_at_work ORDER BY resource_id, dimension, id LIMIT %(listed)s)
FROM counted
"""
