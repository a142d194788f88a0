"""Settings of an endpoint that hang on no kind, each with the call that reports it; what serverless excludes."""

from dataclasses import dataclass

from dashboards import wording
from fleet.queries import hosting, serverless_fit
from fleet.queries.endpoint import Configuration, Head
from fleet.queries.hosting import Document
from fleet.queries.serverless_fit import Exclusion, Use
from fleet.types import Kind

NOT_SET = "not set"


@dataclass(frozen=True)
class Setting:
    """One row: what, value, and the call whose answer holds it. is_unknown draws the value grey."""

    name: str
    value: str
    call: str
    note: str = ""
    is_unknown: bool = False


def settings(head: Head, found: Configuration) -> list[Setting]:
    """Capture, encryption, network, observability, explainer, shadow weights, model origin."""
    endpoint = head.endpoint
    config: Document = endpoint.config.document if endpoint.config else {}
    models = [part.model.document for part in found.models if part.model]
    if not config and not models:
        return []
    return [
        *_capture(hosting.capture(endpoint.document, config)),
        *_encryption(config),
        *_network(hosting.network(config, models)),
        *_observability(hosting.observability(endpoint.document, config)),
        Setting("Explainer", "on" if config.get("ExplainerConfig") else "off", hosting.CONFIG),
        *_routing(head, config),
        *_shadows(head),
        *_origin(models),
    ]


def exclusions(head: Head, found: Configuration) -> tuple[str, list[Exclusion]]:
    """What the checklist is about for this endpoint, and its ten rows; none while the config is not read."""
    endpoint = head.endpoint
    if endpoint.config is None:
        return "", []
    models = [part.model.document for part in found.models if part.model]
    rows = serverless_fit.exclusions(
        endpoint.config.document, models, is_complete=all(part.model for part in found.models)
    )
    if endpoint.kind == Kind.SERVERLESS:
        return "Serverless has none of these; converting to real-time would open them.", rows
    blocking = sum(row.use is Use.USED for row in rows)
    if blocking:
        return (
            f"{wording.plural(blocking, 'feature')} in use that serverless excludes: such a config cannot move there.",
            rows,
        )
    return (
        "Nothing that Flotilla reads here is excluded by serverless. AWS converts no existing endpoint to it.",
        rows,
    )


def _capture(found: hosting.Capture | None) -> list[Setting]:
    if found is None:
        return [Setting("Data capture", "off", hosting.CONFIG, "no DataCaptureConfig")]
    if not found.is_on:
        return [Setting("Data capture", "off", found.call, "configured, switched off")]
    share = (
        "sampling not reported"
        if found.sampling_percent is None
        else f"{found.sampling_percent} % of requests"
    )
    modes = f", {' and '.join(found.modes).lower()}" if found.modes else ""
    status = f"; {found.status}" if found.status else ""
    return [
        Setting("Data capture", f"on, {share}{modes}", found.call, f"to {found.destination}{status}"),
    ]


def _encryption(config: Document) -> list[Setting]:
    capture = (config.get("DataCaptureConfig") or {}).get("KmsKeyId")
    queue = hosting.asynchronous(config)
    rows = [Setting("KMS key of volumes", str(config.get("KmsKeyId") or NOT_SET), hosting.CONFIG)]
    if capture:
        rows.append(Setting("KMS key of captured data", str(capture), hosting.CONFIG))
    if queue and queue.kms_key:
        rows.append(Setting("KMS key of results", queue.kms_key, hosting.CONFIG))
    return rows


def _network(found: hosting.Network) -> list[Setting]:
    vpc = "none: containers run in SageMaker's own network"
    if found.subnets:
        vpc = f"{', '.join(found.subnets)}; security groups {', '.join(found.security_groups) or 'none'}"
    isolation = {True: "on: containers reach no network", False: "off", None: wording.UNKNOWN}[
        found.is_isolated
    ]
    return [
        Setting("VPC", vpc, found.call),
        Setting("Network isolation", isolation, found.call, is_unknown=found.is_isolated is None),
    ]


def _observability(found: hosting.Observability) -> list[Setting]:
    words = {True: "on", False: "off", None: "not reported"}
    every = f"published every {found.frequency_s} s" if found.frequency_s else ""
    return [
        Setting(
            "Detailed observability",
            words[found.is_detailed],
            hosting.CONFIG,
            is_unknown=found.is_detailed is None,
        ),
        Setting(
            "Enhanced metrics", words[found.is_enhanced], hosting.CONFIG, every, found.is_enhanced is None
        ),
    ]


def _routing(head: Head, config: Document) -> list[Setting]:
    rows = []
    for variant in head.variants:
        found = hosting.instance_scaling(head.endpoint.document, config, variant.name)
        if found.routing:
            rows.append(Setting(f"Routing of {variant.name}", found.routing, hosting.ENDPOINT))
        if found.status:
            bounds = f"{found.status}, {found.minimum} – {found.maximum} instances"
            rows.append(Setting(f"Managed scaling of {variant.name}", bounds, hosting.ENDPOINT))
    return rows


def _shadows(head: Head) -> list[Setting]:
    served = sum(v.current_weight or 0.0 for v in head.variants if not v.is_shadow)
    return [
        Setting(
            f"Shadow variant {variant.name}",
            f"weight {wording.amount(variant.current_weight, 2)} beside {wording.amount(served, 2)} that serve",
            hosting.ENDPOINT,
            "gets copies of requests; its answers reach nobody and its calls are not counted here",
            is_unknown=variant.current_weight is None,
        )
        for variant in head.shadows
    ]


def _origin(models: list[Document]) -> list[Setting]:
    rows = []
    for model in models:
        name = str(model.get("ModelName", ""))
        found = hosting.recommendation(model)
        if found and found.package:
            rows.append(
                Setting(f"Model package of {name}", found.package, hosting.MODEL, found.specification)
            )
        if found and found.status:
            ids = ", ".join(f"{pk} ({kind})" if kind else pk for pk, kind in found.ids)
            rows.append(Setting(f"Inference Recommender, {name}", found.status, hosting.MODEL, ids))
        images = [
            str(c.get("Image") or "")
            for c in model.get("Containers") or [model.get("PrimaryContainer") or {}]
        ]
        if any(hosting.is_for_neo(image) for image in images):
            note = "told by the image's name; AWS reports the target on the compilation job only"
            rows.append(Setting(f"Compiled by Neo, {name}", "yes, target not reported", hosting.MODEL, note))
    return rows
