"""The statement behind fleet.queries.quotas. Every value from outside is bound; only `order` is formatted in."""

_HELD = "coalesce(greatest(v.max_concurrency, v.desired_max_concurrency), 0)"
_WARM = "greatest(v.provisioned_concurrency, v.desired_provisioned_concurrency)"
_RUN = "coalesce(greatest(v.current_instance_count, v.desired_instance_count), 0)"

# Only the constants above are formatted in; a section's error may be a JSON null, which is no error.
LINES = f"""
WITH watched AS (
    SELECT s.id, s.region, a.alias,
        coalesce(jsonb_typeof(s.sections #> '{{{{quotas,error}}}}') = 'object', false) AS is_denied
    FROM fleet_shard s JOIN fleet_account a ON a.id = s.account_id
    WHERE s.enabled AND a.enabled
        AND (cardinality(%(accounts)s::text[]) = 0 OR a.account_id = ANY(%(accounts)s::text[]))
        AND (cardinality(%(regions)s::text[]) = 0 OR s.region = ANY(%(regions)s::text[]))
        AND (%(shards)s::bigint[] IS NULL OR s.id = ANY(%(shards)s::bigint[]))
), here AS MATERIALIZED (
    SELECT e.id, e.shard_id, e.kind, CASE WHEN e.kind = 'inference-component' THEN e.document END AS document
    FROM fleet_endpoint e WHERE e.closed_at IS NULL AND e.shard_id IN (SELECT id FROM watched)
), live AS MATERIALIZED (
    SELECT h.shard_id, v.endpoint_id, v.name, v.instance_type, {_HELD} AS held, {_WARM} AS warm, {_RUN} AS running,
        (v.max_concurrency IS NOT NULL OR v.desired_max_concurrency IS NOT NULL) AS is_serverless,
        greatest(i.max_capacity, CASE WHEN h.document IS NOT NULL THEN (
            SELECT max((item #>> '{{{{ManagedInstanceScaling,MaxInstanceCount}}}}')::int)
            FROM jsonb_array_elements(h.document -> 'ProductionVariants') item
            WHERE item ->> 'VariantName' = v.name
        ) END) AS instances_max, p.max_capacity AS warm_max
    FROM fleet_variantstatus v
    JOIN here h ON h.id = v.endpoint_id
    LEFT JOIN fleet_scalabletarget i ON i.endpoint_id = v.endpoint_id AND i.variant_name = v.name
        AND i.dimension = 'sagemaker:variant:DesiredInstanceCount'
    LEFT JOIN fleet_scalabletarget p ON p.endpoint_id = v.endpoint_id AND p.variant_name = v.name
        AND p.dimension = 'sagemaker:variant:DesiredProvisionedConcurrency'
    WHERE v.removed_at IS NULL
), wanted AS (
    SELECT w.id AS shard_id, o.parameters ->> 'instance_type' AS instance_type, coalesce(l.held, 0) AS held,
        coalesce(l.warm, 0) AS warm, coalesce(l.running, 0) AS running, coalesce(l.instance_type, '') AS running_type,
        (o.parameters ->> 'max_concurrency')::numeric::int AS max_concurrency,
        (o.parameters ->> 'provisioned_concurrency')::numeric::int AS provisioned_concurrency,
        coalesce((o.parameters ->> 'instance_count')::numeric::int, 0) AS instance_count
    FROM fleet_operation o
    JOIN fleet_endpoint e ON e.id = o.endpoint_id
    JOIN watched w ON w.id = e.shard_id
    LEFT JOIN live l ON l.endpoint_id = o.endpoint_id AND l.name = o.variant_name
    WHERE o.state = ANY(%(active)s)
), pending AS (
    SELECT shard_id, 'serverless-concurrency' AS subject, sum(greatest(max_concurrency - held, 0))::int AS amount
    FROM wanted WHERE max_concurrency IS NOT NULL GROUP BY shard_id
    UNION ALL
    SELECT shard_id, 'provisioned-concurrency', sum(greatest(provisioned_concurrency - warm, 0))::int
    FROM wanted WHERE provisioned_concurrency IS NOT NULL GROUP BY shard_id
    UNION ALL
    SELECT shard_id, 'instances:' || instance_type,
        sum(greatest(instance_count - CASE WHEN running_type = instance_type THEN running ELSE 0 END, 0))::int
    FROM wanted WHERE instance_type <> '' GROUP BY shard_id, instance_type
), counted AS (
    SELECT w.id AS shard_id, 'serverless-concurrency' AS subject, coalesce(sum(s.held), 0)::int AS used,
        NULL::int AS claim, sum(s.warm)::int AS provisioned,
        CASE WHEN count(s.warm_max) > 0 THEN sum(greatest(s.warm, s.warm_max))::int END AS provisioned_claim,
        count(DISTINCT s.endpoint_id)::int AS endpoints
    FROM watched w LEFT JOIN live s ON s.shard_id = w.id AND s.is_serverless GROUP BY w.id
    UNION ALL
    SELECT shard_id, 'provisioned-concurrency', sum(warm)::int,
        CASE WHEN count(warm_max) > 0 THEN sum(greatest(warm, warm_max))::int END, NULL, NULL,
        count(DISTINCT endpoint_id)::int
    FROM live WHERE warm IS NOT NULL GROUP BY shard_id
    UNION ALL
    SELECT shard_id, subject, n, NULL, NULL, NULL, n FROM (
        SELECT e.shard_id, count(*)::int AS n_all, (count(*) FILTER (WHERE e.kind = 'serverless'))::int AS n_serverless
        FROM here e GROUP BY e.shard_id
    ) of_shard CROSS JOIN LATERAL
        (VALUES ('endpoints', n_all), ('serverless-endpoints', n_serverless)) AS kinds (subject, n)
    WHERE n > 0
    UNION ALL
    SELECT shard_id, 'instances:' || instance_type, sum(running)::int,
        CASE WHEN sum(n_limited) > 0 THEN sum(most)::int END, NULL, NULL, count(*)::int
    FROM (
        -- By endpoint first: counting distinct ones would sort every variant by text.
        SELECT shard_id, instance_type, sum(running)::int AS running,
            count(instances_max)::int AS n_limited, sum(greatest(running, instances_max))::int AS most
        FROM live WHERE instance_type <> '' GROUP BY shard_id, instance_type, endpoint_id
    ) of_endpoint GROUP BY shard_id, instance_type
), reported AS (
    SELECT DISTINCT ON (shard_id, subject) shard_id, subject, value, name
    FROM fleet_quota WHERE shard_id IN (SELECT id FROM watched) AND NOT code = subject
    ORDER BY shard_id, subject, value, name
), subjects AS (
    SELECT shard_id, subject, c.used, c.claim, c.provisioned, c.provisioned_claim, c.endpoints, p.amount
    FROM counted c FULL JOIN pending p USING (shard_id, subject)
), lines AS (
    SELECT k.shard_id, w.alias, w.region, w.is_denied, k.subject, coalesce(k.used, 0) AS used,
        coalesce(k.amount, 0) AS pending, k.claim, k.provisioned, k.provisioned_claim,
        coalesce(k.endpoints, 0) AS endpoints,
        q.value AS reported, q.name AS reported_name, d.value AS documented,
        floor(coalesce(q.value, d.value))::int AS allowed
    FROM subjects k JOIN watched w ON w.id = k.shard_id
    LEFT JOIN unnest(%(default_regions)s::text[], %(default_subjects)s::text[], %(default_values)s::int[])
        AS d (region, subject, value) ON d.region = w.region AND d.subject = k.subject
    LEFT JOIN reported q ON q.shard_id = k.shard_id AND q.subject = k.subject
    WHERE (cardinality(%(patterns)s::text[]) = 0 OR k.subject LIKE ANY(%(patterns)s::text[]))
        AND (k.subject NOT IN ('provisioned-concurrency', 'endpoints') OR q.value IS NOT NULL)
), judged AS (
    SELECT *, allowed - used - pending AS room, CASE
        WHEN allowed IS NULL THEN NULL WHEN allowed > 0 THEN (used + pending)::float / allowed
        WHEN used + pending > 0 THEN 1.0 ELSE 0.0 END AS share
    FROM lines
), meant AS MATERIALIZED (
    SELECT * FROM judged WHERE %(least_share)s <= 0 OR share >= %(least_share)s
), totals AS (
    SELECT count(*) AS n_total,
        count(*) FILTER (WHERE room < 0) AS n_over,
        count(*) FILTER (WHERE room >= 0 AND room < %(more)s) AS n_short,
        count(*) FILTER (WHERE share >= %(tight)s) AS n_tight,
        count(*) FILTER (WHERE share >= %(near)s) AS n_near,
        count(*) FILTER (WHERE allowed IS NULL) AS n_unknown,
        count(*) FILTER (WHERE is_denied) AS n_denied,
        (SELECT count(*) FROM watched) AS n_shards
    FROM meant
), shown AS (
    SELECT * FROM meant ORDER BY {{order}}, alias, region, subject
    LIMIT %(limit)s OFFSET %(offset)s
)
SELECT shown.*, totals.*, read.inventory_ok_at, read.section, read.account_id, read.partition
FROM shown CROSS JOIN totals CROSS JOIN LATERAL (
    SELECT s.inventory_ok_at, s.sections -> 'quotas' AS section, a.account_id, a.partition
    FROM fleet_shard s JOIN fleet_account a ON a.id = s.account_id WHERE s.id = shown.shard_id
) read
ORDER BY {{order}}, alias, region, subject
"""  # noqa: S608
ORDERS = {
    "share": "share {way} NULLS LAST, (used + pending) DESC",
    "room": "room {way} NULLS LAST",
    "used": "(used + pending) {way}",
    "place": "alias {way}, region {way}",
    "subject": "subject {way}",
}
"""Column key of the page to ORDER BY."""
