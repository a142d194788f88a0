"""Configs and models: immutable in AWS, so each is written once per identity (shard, name, creation time)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from fleet import loading
from fleet.aws import unknown
from fleet.models import Container, EndpointConfig, HostedModel, ProductionVariant, Shard
from fleet.sync import rows
from fleet.sync.kinds import containers_of
from fleet.sync.stock import Stock
from fleet.types import ServerlessCapacity

Document = Mapping[str, Any]
Row = TypeVar("Row", EndpointConfig, HostedModel)


@dataclass(frozen=True)
class Configs:
    """Rows of configs by name, and the variants of those that were just created, by the config's id and their name."""

    rows: dict[str, EndpointConfig]
    variants: dict[int, dict[str, ProductionVariant]]


def write_configs(shard: Shard, documents: Iterable[Document], stock: Stock | None = None) -> Configs:
    """Rows of these configs, created with their variants where they are new."""
    by_name = {document["EndpointConfigName"]: document for document in documents}
    known = _rows(EndpointConfig, shard, by_name, stock)
    fresh = [
        EndpointConfig(
            shard=shard,
            name=name,
            arn=document["EndpointConfigArn"],
            created_at=_created_at(document),
            document=_without_paths(document),
            unknown_fields=list(document.get(unknown.KEY, ())),
        )
        for name, document in by_name.items()
        if (name, _created_at(document)) not in known
    ]
    rows.insert(fresh)
    variants = {config.pk: {v.name: v for v in _variants(config)} for config in fresh}
    rows.insert(v for of_config in variants.values() for v in of_config.values())
    stored = {**known, **{(row.name, row.created_at): row for row in fresh}}
    return Configs({name: stored[name, _created_at(doc)] for name, doc in by_name.items()}, variants)


def write_models(shard: Shard, documents: Iterable[Document], stock: Stock | None = None) -> None:
    """Create the models that are new, with their containers."""
    by_name = {document["ModelName"]: document for document in documents}
    known = _rows(HostedModel, shard, by_name, stock)
    fresh = [
        HostedModel(
            shard=shard,
            name=name,
            arn=document["ModelArn"],
            created_at=_created_at(document),
            execution_role_arn=document.get("ExecutionRoleArn", ""),
            document=_without_paths(document),
        )
        for name, document in by_name.items()
        if (name, _created_at(document)) not in known
    ]
    rows.insert(fresh)
    rows.insert(c for model in fresh for c in _containers(model))


def serverless_capacity(variant: Document) -> ServerlessCapacity | None:
    """The serverless settings of a config's variant document; None for instances."""
    settings = variant.get("ServerlessConfig")
    if not settings:
        return None
    return ServerlessCapacity(
        settings["MemorySizeInMB"], settings["MaxConcurrency"], settings.get("ProvisionedConcurrency")
    )


def _rows(
    model: type[Row], shard: Shard, names: Iterable[str], stock: Stock | None
) -> dict[tuple[str, datetime], Row]:
    wanted = list(names)
    if not wanted or (stock is not None and not stock.has(model)):
        return {}
    found = loading.read(model, "WHERE t.shard_id = %s AND t.name = ANY(%s)", [shard.pk, wanted])
    return {(row.name, row.created_at): row for row in found}


def _without_paths(document: Document) -> Document:
    """The document as AWS sent it; which of its fields are unknown to the SDK stands beside it."""
    return {key: value for key, value in document.items() if key != unknown.KEY}


def _created_at(document: Document) -> datetime:
    return datetime.fromisoformat(document["CreationTime"])


def _variants(config: EndpointConfig) -> Iterable[ProductionVariant]:
    document = config.document
    for is_shadow, key in ((False, "ProductionVariants"), (True, "ShadowProductionVariants")):
        for variant in document.get(key, ()):
            serverless = serverless_capacity(variant)
            yield ProductionVariant(
                config=config,
                name=variant["VariantName"],
                is_shadow=is_shadow,
                model_name=variant.get("ModelName", ""),
                instance_type=variant.get("InstanceType", ""),
                initial_instance_count=variant.get("InitialInstanceCount"),
                initial_weight=variant.get("InitialVariantWeight"),
                volume_gb=variant.get("VolumeSizeInGB"),
                memory_mb=serverless.memory_mb if serverless else None,
                max_concurrency=serverless.max_concurrency if serverless else None,
                provisioned_concurrency=serverless.provisioned_concurrency if serverless else None,
            )


def _containers(model: HostedModel) -> Sequence[Container]:
    return [
        Container(
            model=model,
            position=position,
            hostname=container.get("ContainerHostname", ""),
            image=container.get("Image", "")[:512],
            mode=container.get("Mode", ""),
            model_data_url=_model_data_url(container)[:1024],
        )
        for position, container in enumerate(containers_of(model.document))
    ]


def _model_data_url(container: Document) -> str:
    source = (container.get("ModelDataSource") or {}).get("S3DataSource") or {}
    return str(container.get("ModelDataUrl") or source.get("S3Uri") or "")
