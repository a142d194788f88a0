"""The graph of one endpoint: config, variants, models, images, roles, artefacts, keys and networks. Six queries."""

from collections.abc import Iterator, Mapping
from typing import Any

from fleet.analysis.lineage import Graph, Node, State
from fleet.models import Endpoint, EndpointConfig, HostedModel, LinkCheck, ProductionVariant

Checks = Mapping[tuple[str, str], LinkCheck]
_STATES = {
    LinkCheck.State.FOUND: State.FOUND,
    LinkCheck.State.GONE: State.GONE,
    LinkCheck.State.AWS_OWNED: State.AWS_OWNED,
}
NOT_ASKED = "Not asked for yet: links are checked once a day, the first ones within the hour."
NOT_READ = "It was not read: it may be deleted, or the role may lack sagemaker:DescribeModel."


def graph(endpoint: Endpoint) -> Graph:
    """What the endpoint's config names, each with whether AWS still has it."""
    config = endpoint.config
    nodes = [Node("endpoint", 0, "endpoint", endpoint.name, State.FOUND, f"AWS reports {endpoint.status}.")]
    edges: list[tuple[str, str]] = []
    nodes.append(_config_node(endpoint))
    edges.append(("endpoint", "config"))
    for node in _config_settings(config):
        nodes.append(node)
        edges.append(("config", node.key))
    variants = list(config.variants.all()) if config else []
    names = _model_names(endpoint, variants)
    models = _models(endpoint, names)
    checks = _checks(endpoint, models.values())
    for variant in variants:
        key = f"variant:{variant.name}"
        nodes.append(
            Node(
                key,
                2,
                "shadow variant" if variant.is_shadow else "variant",
                variant.name,
                State.PLAIN,
                _shape(variant),
            )
        )
        edges.append(("config", key))
        if variant.model_name:
            edges.append((key, f"model:{variant.model_name}"))
    if variants and not any(variant.model_name for variant in variants):
        edges += [(f"variant:{variants[0].name}", f"model:{name}") for name in names]
    for name in names:
        nodes.append(_model_node(name, models.get(name)))
        for node in _parts(models.get(name), checks):
            if node.key not in {known.key for known in nodes}:
                nodes.append(node)
            edges.append((f"model:{name}", node.key))
    return Graph(nodes, list(dict.fromkeys(edges)))


def _config_node(endpoint: Endpoint) -> Node:
    config = endpoint.config
    if not endpoint.config_name:
        return Node("config", 1, "config", "not known", State.UNKNOWN, "The endpoint was not described.")
    if config is None:
        denied = bool(endpoint.unreadable)
        why = "It could not be read." if denied else "AWS has no config of this name: it was deleted."
        return Node("config", 1, "config", endpoint.config_name, State.UNKNOWN if denied else State.GONE, why)
    if config.gone_at:
        return Node(
            "config",
            1,
            "config",
            config.name,
            State.GONE,
            f"Deleted; missing since {config.gone_at:%-d %b %Y %H:%M} UTC.",
        )
    return Node("config", 1, "config", config.name, State.FOUND, "AWS lists it.")


def _config_settings(config: EndpointConfig | None) -> Iterator[Node]:
    document: Mapping[str, Any] = config.document if config else {}
    if key := document.get("KmsKeyId"):
        yield Node(
            f"key:{key}",
            2,
            "KMS key",
            str(key),
            State.PLAIN,
            "Encrypts the instances' volumes; not asked for.",
        )


def _shape(variant: ProductionVariant) -> str:
    if variant.memory_mb:
        return f"Serverless, {variant.memory_mb:,} MB, max concurrency {variant.max_concurrency}."
    return f"{variant.initial_instance_count or '?'} × {variant.instance_type or 'managed'}."


def _model_names(endpoint: Endpoint, variants: list[ProductionVariant]) -> list[str]:
    names = [variant.model_name for variant in variants]
    names += endpoint.inference_components.filter(removed_at=None).values_list("model_name", flat=True)
    return list(dict.fromkeys(name for name in names if name))


def _models(endpoint: Endpoint, names: list[str]) -> dict[str, HostedModel]:
    rows = HostedModel.objects.filter(shard_id=endpoint.shard_id, name__in=names).order_by("created_at")
    return {model.name: model for model in rows.prefetch_related("containers")}


def _checks(endpoint: Endpoint, models: Any) -> Checks:
    targets = [model.execution_role_arn for model in models]
    for model in models:
        for container in model.containers.all():
            targets += [container.image, container.model_data_url]
    rows = LinkCheck.objects.filter(shard_id=endpoint.shard_id, target__in=[t for t in targets if t])
    return {(row.kind, row.target): row for row in rows}


def _model_node(name: str, model: HostedModel | None) -> Node:
    if model is None:
        return Node(f"model:{name}", 3, "model", name, State.UNKNOWN, NOT_READ)
    if model.gone_at:
        return Node(
            f"model:{name}",
            3,
            "model",
            name,
            State.GONE,
            f"Deleted; missing since {model.gone_at:%-d %b %Y %H:%M} UTC.",
        )
    return Node(f"model:{name}", 3, "model", name, State.FOUND, "AWS lists it.")


def _parts(model: HostedModel | None, checks: Checks) -> Iterator[Node]:
    """Images, artefacts, role and network of one model."""
    if model is None:
        return
    for container in model.containers.all():
        if container.image:
            yield _checked("image", container.image, checks)
        if container.model_data_url:
            yield _checked("artefact", container.model_data_url, checks)
    if model.execution_role_arn:
        yield _checked("role", model.execution_role_arn, checks)
    network = model.document.get("VpcConfig") or {}
    if network:
        subnets = ", ".join(network.get("Subnets", ()))
        yield Node(
            f"vpc:{model.name}",
            4,
            "VPC",
            subnets or "subnets not reported",
            State.PLAIN,
            "Subnets; not asked for.",
        )


def _checked(kind: str, target: str, checks: Checks) -> Node:
    check = checks.get((kind, target))
    if check is None:
        return Node(f"{kind}:{target}", 4, kind, target, State.UNKNOWN, NOT_ASKED)
    state = _STATES.get(LinkCheck.State(check.state), State.UNKNOWN)
    at = f"{check.checked_at:%-d %b %H:%M} UTC"
    if state is State.FOUND:
        why = f"{check.action} found it, {at}."
    elif state is State.GONE:
        why = f"AWS says: {check.detail or check.code} ({check.action}, {at})."
    elif state is State.AWS_OWNED:
        why = check.detail
    elif check.action:
        why = f"Cannot check: {check.action} was not answered, {at}. AWS says: {check.detail or check.code}"
    else:
        why = f"Cannot check: {check.detail}"
    return Node(f"{kind}:{target}", 4, kind, target, state, why)
