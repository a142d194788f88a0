"""Words, tiles and files of the Batch page."""

from typing import Any

from dashboards import measured, wording
from dashboards.tiles import Explain, Tile
from fleet.queries.batch import RECORD_TAGS, JobRow, Summary
from fleet.queries.scope import TimeRange
from fleet.types import Confidence

CALL = "SageMaker ListTransformJobs, DescribeTransformJob"
FORMULA = "instances × (TransformEndTime − TransformStartTime) × price per instance-hour"
NO_RECORDS = f"AWS counts no records; a tag {RECORD_TAGS[0]} on the job says how many there were"


def why_no_cost(row: JobRow) -> str:
    """Why a job has no cost, "" when it has one."""
    if row.line.amount is not None:
        return ""
    if row.line.confidence is Confidence.UNPRICED:
        return f"No price for {row.job.instance_type} batch transform in {row.region}"
    return row.line.note or "Not reported"


def tiles(found: Summary, window: TimeRange) -> list[Tile]:
    """Jobs, failures, cost and the longest job."""
    failed = found.statuses.get("Failed", 0)
    ended = sum(found.statuses.get(status, 0) for status in ("Completed", "Failed", "Stopped"))
    return [
        Tile(
            "Jobs", wording.count(found.total), unit=f"{found.running} running" if found.running else "",
            explain=_explain("Jobs created, running or ended in the window.", window),
        ),
        Tile(
            "Failed", wording.count(failed), unit=f"of {ended} ended", tone="failed" if failed else "",
            note="AWS's reason stands in the table" if failed else "",
            explain=_explain("Jobs that AWS reports as Failed, of all that ended.", window),
        ),
        Tile(
            "Cost", None if found.usd is None else wording.usd(found.usd),
            title=wording.usd_exact(found.usd), note=_gaps(found), tone="attention" if found.unpriced else "",
            reason="No job in the window has a price",
            explain=Explain(
                "Estimated at list price over whole jobs; data costs nothing. A running job counts so far.",
                formula=FORMULA, source="AWS Price List, usage type Tsform", basis="estimated",
                window=measured.window_words(window), call=f"{CALL}; Pricing GetProducts",
            ),
        ),
        Tile(
            "Longest", None if found.longest_billed is None else wording.span(found.longest_billed),
            note=found.longest.name if found.longest else "", reason="AWS reported no start on instances",
            explain=_explain("Time on instances, from TransformStartTime to TransformEndTime.", window),
        ),
    ]  # fmt: skip


def _gaps(found: Summary) -> str:
    parts = [
        f"{wording.plural(found.unpriced, 'job')} without a price" if found.unpriced else "",
        f"{wording.plural(found.unknown, 'job')} without a start" if found.unknown else "",
    ]
    return ", ".join(part for part in parts if part)


def _explain(text: str, window: TimeRange) -> Explain:
    return Explain(
        text, source="AWS SageMaker", basis="measured", window=measured.window_words(window), call=CALL
    )


def facts(row: JobRow) -> list[tuple[str, str]]:
    """The settings of one job, as AWS reports them."""
    job, document = row.job, row.job.document
    source, output = document.get("TransformInput") or {}, document.get("TransformOutput") or {}
    client = document.get("ModelClientConfig") or {}
    count = job.instance_count
    found = [
        ("Model", job.model_name),
        ("Instances", f"{count} × {job.instance_type}" if count and job.instance_type else job.instance_type),
        ("Batch strategy", job.batch_strategy),
        ("Split type", source.get("SplitType") or "None"),
        ("Max concurrent transforms", "" if job.max_concurrent is None else f"{job.max_concurrent}"),
        ("Max payload", "" if job.max_payload_mb is None else f"{job.max_payload_mb} MB"),
        ("Invocation timeout", _unit(client.get("InvocationsTimeoutInSeconds"), "s")),
        ("Invocation retries", _unit(client.get("InvocationsMaxRetries"), "")),
        ("Input", job.input_uri),
        ("Input type", (source.get("DataSource") or {}).get("S3DataSource", {}).get("S3DataType", "")),
        ("Content type", source.get("ContentType", "")),
        ("Compression", source.get("CompressionType") or "None"),
        ("Output", job.output_uri),
        ("Assemble with", output.get("AssembleWith", "")),
        ("KMS key of the output", output.get("KmsKeyId") or "AWS's own key of the bucket's account"),
        ("ARN", job.arn),
    ]
    return [(name, str(value) or "not set; AWS's default holds") for name, value in found]


def _unit(value: Any, unit: str) -> str:
    return "" if value is None else f"{value} {unit}".strip()
