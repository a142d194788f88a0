"""Whether what endpoints are built from still exists: one statement a shard over what is stored, no AWS call.

The same verdict as fleet.queries.lineage draws for one endpoint, kept on the row so that lists and alerts can ask.
"""

from datetime import datetime

from django.db import connection

from fleet.models import Shard
from fleet.sync.outcome import Outcome
from fleet.sync.roster import Roster

SECTIONS = frozenset({"configs", "links"})
"""Sections whose answers the verdict rests on."""

_JUDGE = """
WITH held AS MATERIALIZED (
    SELECT id FROM fleet_shard WHERE id = %(shard)s AND fence = %(fence)s FOR UPDATE
), watched AS (
    SELECT endpoint.id, shard_id, config_id, config_name, unreadable FROM fleet_endpoint endpoint
    JOIN held ON held.id = shard_id WHERE closed_at IS NULL
), named AS (
    SELECT watched.id AS endpoint_id, variant.model_name FROM watched
    JOIN fleet_productionvariant variant ON variant.config_id = watched.config_id WHERE variant.model_name <> ''
    UNION
    SELECT watched.id, component.model_name FROM watched
    JOIN fleet_inferencecomponent component ON component.endpoint_id = watched.id AND component.removed_at IS NULL
    WHERE component.model_name <> ''
), model AS (
    SELECT DISTINCT ON (name) id, name, gone_at, execution_role_arn FROM fleet_hostedmodel
    WHERE shard_id = %(shard)s AND name IN (SELECT model_name FROM named)
    ORDER BY name, created_at DESC
), part AS (
    SELECT id AS model_id, 'role' AS kind, execution_role_arn AS target FROM model WHERE execution_role_arn <> ''
    UNION
    SELECT model.id, 'image', container.image FROM model
    JOIN fleet_container container ON container.model_id = model.id WHERE container.image <> ''
    UNION
    SELECT model.id, 'artefact', container.model_data_url FROM model
    JOIN fleet_container container ON container.model_id = model.id WHERE container.model_data_url <> ''
), link AS (
    SELECT watched.id AS endpoint_id, 'config' AS kind, watched.config_name AS name, '' AS action, '' AS said,
        CASE WHEN config.gone_at IS NOT NULL THEN 'gone'
             WHEN config.id IS NOT NULL THEN 'found'
             WHEN watched.unreadable IS NOT NULL OR watched.config_name = '' THEN 'unknown'
             ELSE 'gone' END AS state
    FROM watched LEFT JOIN fleet_endpointconfig config ON config.id = watched.config_id
    UNION ALL
    SELECT named.endpoint_id, 'model', named.model_name, '', '',
        CASE WHEN model.id IS NULL THEN 'unknown' WHEN model.gone_at IS NULL THEN 'found' ELSE 'gone' END
    FROM named LEFT JOIN model ON model.name = named.model_name
    UNION ALL
    SELECT named.endpoint_id, part.kind, part.target, COALESCE(answer.action, ''),
        COALESCE(NULLIF(answer.detail, ''), answer.code, ''), COALESCE(answer.state, 'unknown')
    FROM named JOIN model ON model.name = named.model_name JOIN part ON part.model_id = model.id
    LEFT JOIN fleet_linkcheck answer
        ON answer.shard_id = %(shard)s AND answer.kind = part.kind AND answer.target = part.target
), judged AS (
    SELECT endpoint_id,
        CASE WHEN bool_or(state = 'gone') THEN 'broken'
             WHEN bool_or(state = 'unknown') THEN 'cannot-tell' ELSE 'patchable' END AS verdict,
        COALESCE(
            jsonb_agg(DISTINCT jsonb_build_object('kind', kind, 'name', name, 'action', action, 'said', said))
                FILTER (WHERE state = 'gone'), '[]'
        ) AS broken
    FROM link GROUP BY endpoint_id
)
UPDATE fleet_endpoint endpoint
SET built_from = judged.verdict, broken_links = judged.broken,
    built_from_since = CASE WHEN endpoint.built_from = judged.verdict AND endpoint.built_from_since IS NOT NULL
                            THEN endpoint.built_from_since ELSE %(now)s END
FROM judged
WHERE endpoint.id = judged.endpoint_id
  AND (endpoint.built_from, endpoint.broken_links) IS DISTINCT FROM (judged.verdict, judged.broken)
"""


def judge(shard: Shard, *, now: datetime, fence: int) -> int:
    """Judge every open endpoint of the shard; the number of rows whose verdict or broken links changed.

    0 once a newer run has raised the fence: the statement locks the shard itself, which spares three round trips.
    """
    with connection.cursor() as cursor:
        cursor.execute(_JUDGE, {"shard": shard.pk, "fence": fence, "now": now})
        return cursor.rowcount


def after(shard: Shard, outcome: Outcome, roster: Roster, *, now: datetime) -> None:
    """Judge at the end of a run that read, or tried to read, anything the verdict rests on.

    The status or the capacity of an endpoint says nothing of it, nor does another endpoint that is gone.
    """
    if roster.is_rebuilt or SECTIONS & outcome.records.keys():
        judge(shard, now=now, fence=shard.fence)
