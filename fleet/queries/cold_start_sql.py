"""The statement behind fleet.queries.cold_starts. Every value from outside is bound; formatted in: order, tables."""

_BASE = "wasted_s DESC NULLS LAST, coalesce(cold, 0) DESC, coalesce(calls, 0) DESC, name, id"
# A summary is an endpoint's: where one has two live variants, their buckets alone tell them apart.
LINES = f"""
WITH live AS MATERIALIZED (
    SELECT v.id, v.metrics_until, e.id AS endpoint_id, e.name,
        %(is_summed)s AND count(*) OVER (PARTITION BY v.endpoint_id) = 1 AS is_summed
    FROM fleet_endpoint e
    JOIN fleet_variantstatus v ON v.endpoint_id = e.id AND v.removed_at IS NULL AND NOT v.is_shadow
    WHERE e.closed_at IS NULL AND e.kind = 'serverless' AND e.shard_id IN (
        SELECT s.id FROM fleet_shard s JOIN fleet_account a ON a.id = s.account_id
        WHERE (cardinality(%(accounts)s::text[]) = 0 OR a.account_id = ANY(%(accounts)s::text[]))
            AND (cardinality(%(regions)s::text[]) = 0 OR s.region = ANY(%(regions)s::text[]))
    ) AND (%(variants)s::bigint[] IS NULL OR v.id = ANY(%(variants)s::bigint[]))
), sums AS (
    SELECT l.id, w.invocations AS calls, w.cold_starts AS cold, w.setup_wasted_ms AS wasted_ms, w.setup_p50_ms AS p50,
        w.setup_p99_ms AS p99, w.spillover, w.publishes_setup AS publishes
    FROM live l JOIN fleet_endpointwindow w ON w.key = %(key)s AND w.endpoint_id = l.endpoint_id WHERE l.is_summed
    UNION ALL
    SELECT l.id, b.*, b.cold > 0 IS TRUE OR EXISTS (
        SELECT FROM fleet_hourbucket h WHERE h.variant_id = l.id AND h.at >= %(published_since)s AND h.at < %(end)s
            AND h.setup_count > 0
    )
    FROM live l CROSS JOIN LATERAL (
        SELECT sum(invocations), sum(setup_count) AS cold, sum(setup_count * setup_ms_avg),
            percentile_cont(0.5) WITHIN GROUP (ORDER BY setup_ms_p50), max(setup_ms_p99), sum(spillover_invocations)
        FROM {{buckets}} WHERE variant_id = l.id AND at >= %(start)s AND at < %(end)s
    ) b WHERE NOT l.is_summed
), counted AS (
    -- Without calls nothing is known; with calls, a variant that publishes set-up times and is silent had none.
    SELECT l.*, calls, wasted_ms, p50, p99, spillover,
        coalesce(cold, CASE WHEN publishes AND calls <> 0 THEN 0 END) AS cold
    FROM live l LEFT JOIN sums USING (id)
), known AS MATERIALIZED (
    SELECT *, coalesce(wasted_ms / 1000, CASE WHEN cold = 0 THEN 0 END) AS wasted_s, cold / nullif(calls, 0) AS share
    FROM counted
), totals AS (
    SELECT count(*) AS n, count(*) FILTER (WHERE cold > 0) AS concerned, sum(calls) FILTER (WHERE cold IS NOT NULL),
        sum(cold), sum(wasted_s) FILTER (WHERE cold IS NOT NULL) AS wasted_s, min(metrics_until)
    FROM known
), worst AS (
    SELECT p99, name FROM known WHERE p99 > 0 ORDER BY p99 DESC, {_BASE} LIMIT 1
), most AS (
    -- The fewest endpoints that make the share of the wait: each is there because those before it do not.
    SELECT * FROM (
        SELECT *, sum(wasted_s) OVER (ORDER BY {_BASE} ROWS UNBOUNDED PRECEDING) - wasted_s AS before
        FROM known WHERE wasted_s > 0
    ) lost WHERE before < %(part)s * (SELECT wasted_s FROM totals)
), shown AS (
    SELECT * FROM known ORDER BY {{order}}, {_BASE} LIMIT %(size)s
    OFFSET (SELECT least(%(offset)s, greatest(n - 1, 0) / %(size)s * %(size)s) FROM totals)
), numbered AS (
    SELECT *, row_number() OVER (ORDER BY {{order}}, {_BASE}) AS place FROM shown
)
SELECT totals.*, worst.p99, worst.name, (SELECT count(*) FROM most),
    ARRAY(SELECT endpoint_id FROM most ORDER BY {_BASE} LIMIT %(named)s),
    ARRAY(SELECT name FROM most ORDER BY {_BASE} LIMIT %(named)s),
    k.endpoint_id, k.name, a.alias, s.region, e.owner, v.memory_mb, v.max_concurrency, v.provisioned_concurrency,
    k.calls, k.cold, k.wasted_s, k.p50, k.p99, k.spillover, a.account_id, v.name, k.id
FROM totals
LEFT JOIN worst ON true
LEFT JOIN numbered k ON true
LEFT JOIN fleet_variantstatus v ON v.id = k.id
LEFT JOIN fleet_endpoint e ON e.id = k.endpoint_id
LEFT JOIN fleet_shard s ON s.id = e.shard_id
LEFT JOIN fleet_account a ON a.id = s.account_id
ORDER BY k.place
"""  # noqa: S608
ORDERS = {
    "name": "name", "calls": "calls", "cold": "cold", "share": "share", "wasted": "wasted_s", "p50": "p50",
    "p99": "p99",
}  # fmt: skip
"""Column key of the page to a column of the statement; the unknown stand last whichever way round."""
