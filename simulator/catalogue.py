"""Which metric series exist for an endpoint, and finding one by namespace, name and exact dimensions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simulator import published
from simulator.instances import instance_type
from simulator.jobs import host_names
from simulator.metrics import Builder
from simulator.records import Endpoint, Variant
from simulator.series import Series, View, series_of
from simulator.serving import Serving
from simulator.tracks import Track
from simulator.world import Region

Dimensions = tuple[tuple[str, str], ...]


@dataclass
class MetricSource:
    """One CloudWatch series: where its minutes come from and, per shape of hosting, how they are built."""

    dimensions: Dimensions
    series: Series
    families: dict[str, list[dict[tuple[str, str], Builder]]]
    sample_s: int = 60

    def builder(self, day: Serving, metric: tuple[str, str]) -> Builder | None:
        """How this metric is built for a day; None when that hosting does not publish it."""
        capacity = day.capacity
        for family in self.families.get(day.key.shape, []):
            builder = family.get(metric)
            if builder is None:
                continue
            if family is published.PROVISIONED and not capacity.provisioned:
                continue
            if family in NEEDS_GPU and not instance_type(capacity.instance_type).gpus:
                continue
            return builder
        return None

    def track(self, day: Serving, metric: tuple[str, str]) -> Track | None:
        """The metric's samples of one day, kept with the day."""
        builder = self.builder(day, metric)
        if builder is None:
            return None
        # Several series share a day's arrays but not what they publish: the builder tells tracks apart.
        tracks: dict[Builder, Track] = day.__dict__.setdefault("_tracks", {})
        found = tracks.get(builder)
        if found is None:
            found = tracks[builder] = builder(day)
        if self.sample_s == 60 or metric[0] != published.HOSTS:
            return found
        paced: dict[tuple[Builder, int], Track] = day.__dict__.setdefault("_paced", {})
        key = (builder, self.sample_s)
        if key not in paced:
            paced[key] = found.paced(self.sample_s)
        return paced[key]

    def names(self) -> list[tuple[str, str]]:
        """Every (namespace, metric) this series has published at some time."""
        found: dict[tuple[str, str], None] = {}
        for segment in self.series.segments:
            day = segment.day(segment.start // 1440)
            for family in self.families.get(segment.shape, []):
                found.update({metric: None for metric in family if self.builder(day, metric)})
        return list(found)


NEEDS_GPU = (published.GPU, published.TRANSFORM_GPU, published.COMPONENT_GPU)
VARIANT = {
    "serverless": [published.SERVERLESS, published.PROVISIONED],
    "real-time": [published.REQUESTS, published.INSTANCE, published.GPU],
    "async": [published.ASYNC, published.INSTANCE, published.GPU],
    "mme": [published.REQUESTS, published.INSTANCE, published.GPU, published.MULTI_MODEL],
    "mce": [published.REQUESTS, published.INSTANCE],
    "pipeline": [published.REQUESTS, published.INSTANCE],
    # Component endpoints report requests per component, not per variant.
    "component": [published.INSTANCE, published.GPU],
}
QUEUE = {"async": [published.ASYNC_ENDPOINT]}
CONTAINER = {"mce": [published.CONTAINER], "pipeline": [published.CONTAINER]}
TRANSFORM = {"transform": [published.TRANSFORM, published.TRANSFORM_GPU]}
COMPONENT = {"component": [published.COMPONENT, published.COMPONENT_COMPUTE, published.COMPONENT_GPU]}


def sources(region: Region) -> Iterator[MetricSource]:
    """Every series of a region, those of deleted endpoints included."""
    for endpoint in [*region.endpoints.values(), *region.retired]:
        yield from endpoint_sources(region, endpoint)
    for name in region.job_hosts:
        yield from _job_sources(region, name)


def endpoint_sources(region: Region, endpoint: Endpoint) -> Iterator[MetricSource]:
    """The series of one endpoint: per variant, per endpoint (queues), per container, per component."""
    everyone = [*endpoint.variants, *endpoint.shadows, *endpoint.retired_variants]
    for variant in everyone:
        if not variant.history:
            continue
        dims: Dimensions = (("EndpointName", endpoint.name), ("VariantName", variant.name))
        yield MetricSource(dims, series_of(endpoint, variant), VARIANT, _sample_s(region, endpoint))
        yield from _container_sources(region, endpoint, variant)
    first = endpoint.variants[0]
    if endpoint.async_config and first.history:
        yield MetricSource((("EndpointName", endpoint.name),), series_of(endpoint, first), QUEUE)
    yield from _component_sources(region, endpoint)


def _sample_s(region: Region, endpoint: Endpoint) -> int:
    """MetricPublishFrequencyInSeconds of the config: utilisation metrics keep to it, 60 where it is not given."""
    config = region.configs.get(endpoint.config_name, {})
    return int((config.get("MetricsConfig") or {}).get("MetricPublishFrequencyInSeconds") or 60)


def _container_sources(region: Region, endpoint: Endpoint, variant: Variant) -> Iterator[MetricSource]:
    model = region.models.get(variant.model, {})
    containers = model.get("Containers", [])
    direct = model.get("InferenceExecutionConfig", {}).get("Mode") == "Direct"
    shares = _shares(variant, len(containers))
    for container, share in zip(containers, shares, strict=True):
        view = View(share=share) if direct else View(latency_share=share / 1000)
        dims: Dimensions = (
            ("ContainerName", container["ContainerHostname"]),
            ("EndpointName", endpoint.name),
            ("VariantName", variant.name),
        )
        yield MetricSource(dims, series_of(endpoint, variant, view), CONTAINER)


def _shares(variant: Variant, count: int) -> list[int]:
    given = variant.traffic[0][1].get("container_shares", ()) if variant.traffic else ()
    return [int(share) * 10 for share in given] if len(given) == count else [1000 // max(count, 1)] * count


def _component_sources(region: Region, endpoint: Endpoint) -> Iterator[MetricSource]:
    for name, series in component_series(region, endpoint).items():
        yield MetricSource((("InferenceComponentName", name),), series, COMPONENT)


def component_series(region: Region, endpoint: Endpoint) -> dict[str, Series]:
    """What each inference component with a copy serves, by name; the endpoint serves nothing beside them."""
    mine = [c for c in region.components.values() if c["EndpointName"] == endpoint.name]
    serving = [c["InferenceComponentName"] for c in mine if c["RuntimeConfig"]["CurrentCopyCount"]]
    first = endpoint.variants[0]
    if not first.history:
        return {}
    return {name: series_of(endpoint, first, View(share=1000 // len(serving))) for name in serving}


def _job_sources(region: Region, name: str) -> Iterator[MetricSource]:
    host = region.job_hosts[name]
    for label in host_names(region.transform_jobs[name]):
        yield MetricSource((("Host", label),), series_of(host, host.variants[0]), TRANSFORM)


def find(region: Region, dimensions: Dimensions) -> MetricSource | None:
    """The series with exactly these dimensions (sorted by name); the newest of endpoints that share a name."""
    names = dict(dimensions)
    candidates: list[Endpoint] = []
    job = names.get("Host", "").partition("/")[0]
    if job in region.job_hosts:
        return next((s for s in _job_sources(region, job) if s.dimensions == dimensions), None)
    if "EndpointName" in names:
        live = region.endpoints.get(names["EndpointName"])
        candidates = [live] if live else []
        candidates += [e for e in reversed(region.retired) if e.name == names["EndpointName"]]
    elif "InferenceComponentName" in names:
        component = region.components.get(names["InferenceComponentName"])
        owner = region.endpoints.get(component["EndpointName"]) if component else None
        candidates = [owner] if owner else []
    for endpoint in candidates:
        for source in endpoint_sources(region, endpoint):
            if source.dimensions == dimensions:
                return source
    return None
