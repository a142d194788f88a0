"""The Containers and Components tabs: what a variant is made of, each part with its own figures."""

from datetime import timedelta
from typing import Any

from dashboards import measured, wording
from dashboards.tiles import Explain, Tile
from fleet.models import Container, InferenceComponent, PartHour
from fleet.queries import endpoint as queries
from fleet.queries import endpoint_parts, hosting
from fleet.queries.endpoint import Activity, Head
from fleet.queries.endpoint_parts import PartUse

Context = dict[str, Any]
NOTHING = "CloudWatch reported nothing for it in this window"


def containers(head: Head, activity: Activity) -> Context:
    """Containers in invocation order with their share of latency; the slowest is named."""
    found = queries.configuration(head)
    uses = endpoint_parts.uses(head.variant_ids, PartHour.Of.CONTAINER, activity.window)
    model = next((part for part in found.models if len(part.containers) > 1), None)
    rows = model.containers if model else []
    mode = _mode(model.model.document if model and model.model else {})
    shares = endpoint_parts.latency_shares(uses.values())
    slowest = endpoint_parts.slowest(shares)
    explain = _explain(
        activity, uses, "ContainerLatency (Sum, SampleCount, Maximum), Invocations, CPUUtilization",
        "EndpointName, VariantName, ContainerName", "Σ latency of the container ÷ Σ latency of all containers",
    )  # fmt: skip
    return {
        "tiles": [_count_tile(rows, head), *_slowest_tiles(slowest, shares, uses, explain)],
        "rows": [_container_row(c, uses.get(c.hostname), shares.get(c.hostname), slowest) for c in rows],
        "mode": mode,
        "is_direct": mode == "Direct",
        "explain": explain,
    }


def components(head: Head, activity: Activity) -> Context:
    """Inference components: copies wanted and running, what each copy holds, its own traffic."""
    rows = list(head.endpoint.inference_components.filter(removed_at=None))
    uses = endpoint_parts.uses(head.variant_ids, PartHour.Of.COMPONENT, activity.window)
    explain = _explain(
        activity, uses, "Invocations (Sum), ModelLatency, CPU, GPU and MemoryUtilizationNormalized (Average)",
        "InferenceComponentName", "",
    )  # fmt: skip
    return {
        "tiles": [*_copy_tiles(rows, head), *_scaling_tiles(head)],
        "rows": [(row, hosting.share(row.document), uses.get(row.name, PartUse(row.name))) for row in rows],
        "explain": explain,
        "nothing": NOTHING,
        "read_by": hosting.COMPONENT,
    }


def _mode(document: hosting.Document) -> str:
    return str((document.get("InferenceExecutionConfig") or {}).get("Mode") or "Serial")


def _container_row(
    container: Container, use: PartUse | None, share: float | None, slowest: str
) -> dict[str, Any]:
    return {
        "container": container,
        "use": use or PartUse(container.hostname),
        "share": share,
        "is_slowest": bool(slowest) and container.hostname == slowest,
        "why": NOTHING
        if container.hostname
        else "AWS publishes figures by ContainerHostname, which it has not",
    }


def _explain(
    activity: Activity, uses: dict[str, PartUse], metrics: str, dimensions: str, formula: str
) -> Explain:
    newest = max((use.newest for use in uses.values() if use.newest), default=None)
    return Explain(
        "Whole hours that begin inside the window, each part under dimensions of its own.",
        formula=formula,
        inputs=[("Dimensions", dimensions), ("Buckets", "1 hour")],
        source=f"CloudWatch {metrics}",
        basis="measured",
        as_of=newest + timedelta(hours=1) if newest else None,
        window=measured.window_words(activity.window),
        call="cloudwatch:GetMetricData",
    )


def _described(text: str, call: str, head: Head) -> Explain:
    return Explain(
        text, basis="measured", as_of=head.endpoint.described_at, call=call, window="as last described"
    )


def _count_tile(rows: list[Container], head: Head) -> Tile:
    return Tile(
        "Containers",
        str(len(rows)) if rows else None,
        unit=f"of {hosting.MAX_CONTAINERS}",
        note="as many as one model may have" if len(rows) >= hosting.MAX_CONTAINERS else "",
        tone="attention" if len(rows) >= hosting.MAX_CONTAINERS else "",
        reason="The model could not be read",
        explain=_described(
            f"AWS takes at most {hosting.MAX_CONTAINERS} containers in one model.", hosting.MODEL, head
        ),
    )


def _slowest_tiles(
    slowest: str, shares: dict[str, float], uses: dict[str, PartUse], explain: Explain
) -> list[Tile]:
    use = uses.get(slowest)
    return [
        Tile(
            "Slowest container",
            slowest or None,
            note=f"{wording.percent(shares[slowest])} of the latency of all" if slowest else "",
            reason=NOTHING.replace("for it ", ""),
            explain=explain,
        ),
        Tile(
            "Its latency",
            wording.millis(use.latency_ms) if use and use.latency_ms is not None else None,
            note=f"highest {wording.millis(use.latency_ms_max)}" if use and use.latency_ms_max else "",
            reason=NOTHING.replace("for it ", ""),
            explain=explain,
        ),
    ]


def _copy_tiles(rows: list[InferenceComponent], head: Head) -> list[Tile]:
    known = [row.current_copies for row in rows if row.current_copies is not None]
    wanted = [row.desired_copies for row in rows if row.desired_copies is not None]
    explain = _described("Copies of all components, running and wanted.", hosting.COMPONENT, head)
    return [
        Tile(
            "Components",
            str(len(rows)),
            explain=_described("Components AWS lists.", "sagemaker:ListInferenceComponents", head),
        ),
        Tile(
            "Copies running",
            str(sum(known)) if known else None,
            unit=f"of {sum(wanted)} wanted" if wanted else "",
            tone="attention" if known and wanted and sum(known) < sum(wanted) else "",
            reason="AWS reports no copies",
            explain=explain,
        ),
    ]


def _scaling_tiles(head: Head) -> list[Tile]:
    if head.main is None:
        return []
    document = head.endpoint.config.document if head.endpoint.config else {}
    found = hosting.instance_scaling(head.endpoint.document, document, head.main.name)
    bounds = (
        f"{found.minimum} – {found.maximum}"
        if found.minimum is not None and found.maximum is not None
        else None
    )
    return [
        Tile(
            "Instances",
            None if head.main.current_instance_count is None else str(head.main.current_instance_count),
            unit=head.main.instance_type,
            note="may shrink to none: calls fail for minutes while it wakes" if found.minimum == 0 else "",
            reason="AWS reports no instances",
            explain=_described("Instances of the variant that run now.", hosting.ENDPOINT, head),
        ),
        Tile(
            "Managed scaling",
            bounds,
            unit="instances" if bounds else "",
            note=f"{found.status.lower() or 'not reported'}; routing {found.routing or 'not set, AWS chooses'}",
            reason="The variant has no ManagedInstanceScaling",
            explain=_described(
                "SageMaker adds and removes instances between these numbers as components need them.",
                hosting.ENDPOINT, head,
            ),
        ),
    ]  # fmt: skip
