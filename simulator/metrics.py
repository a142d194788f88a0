"""How each CloudWatch metric's samples follow from a day of serving.

Sources: SageMaker developer guide, "Monitor Amazon SageMaker with Amazon CloudWatch", "Monitoring a serverless
endpoint", "Monitoring asynchronous endpoint" (read 2026-11-21). Latencies are µs; CPU and GPU are sums over cores.
"""

from __future__ import annotations

from collections.abc import Callable

from simulator.instances import instance_type
from simulator.serving import SETUP_MS, Serving, setup_share
from simulator.tracks import NOTHING, Track, counter, samples
from simulator.traffic import DAY

PER_SECOND = 60

Builder = Callable[[Serving], Track]


def invocations(day: Serving) -> Track:
    """One sample per request; instance-hosted variants publish a single zero when idle."""
    if day.key.shape == "serverless":
        return counter(day.served, day.served)
    return counter(day.served, [max(n, 1) for n in day.served])


def errors(name: str) -> Builder:
    """A builder of the share of requests that failed, from one of the serving arrays."""

    def build(day: Serving) -> Track:
        counts = day.served if day.key.shape in ("serverless", "async") else [max(n, 1) for n in day.served]
        return counter(getattr(day, name), counts)

    return build


def model_errors(day: Serving) -> Track:
    """Any answer of the model that is not 2xx."""
    errors = [f + r for f, r in zip(day.faults, day.rejects, strict=True)]
    return counter(errors, [max(n, 1) for n in day.served])


def invocations_per_instance(day: Serving) -> Track:
    """Each request contributes 1/instances."""
    count = max(day.capacity.instances, 1)
    sums = [n * 1000 // count for n in day.served]
    each = 1000 // count
    return Track(
        sums,
        [max(n, 1) for n in day.served],
        [each if n else 0 for n in sums],
        [each if n else 0 for n in sums],
        1000,
    )


def model_latency(day: Serving) -> Track:
    """Container time per request, µs."""
    return samples(day.served, day.minute_latency_us, 40, 260)


def overhead_latency(day: Serving) -> Track:
    """What SageMaker adds per request, µs; a request that launches compute waits for its set-up."""
    base = int(day.key.traffic.get("overhead_ms", 12) * 1000)
    setup = setup_time(day)
    sums = [n * base + s for n, s in zip(day.served, setup.sums, strict=True)]
    lows, highs = [], []
    for n, cold, top in zip(day.served, day.cold_starts, setup.highs, strict=True):
        all_cold = cold >= n
        lows.append(NOTHING if n == 0 else (base + top * 80 // 120 if all_cold else base * 60 // 100))
        highs.append(0 if n == 0 else (base + top if cold else base * 300 // 100))
    return Track(sums, day.served, lows, highs)


def setup_time(day: Serving) -> Track:
    """Time to launch compute, µs: one sample per cold start."""
    usual = day.key.traffic.get("setup_ms", SETUP_MS) * 1000
    averages = [int(usual * setup_share(minute)) for minute in range(DAY)]
    return samples(day.cold_starts, averages, 80, 120)


def memory(day: Serving) -> Track:
    """Percent of memory; a serverless variant reports it in minutes with traffic only."""
    level = int(day.key.traffic.get("memory_percent", 55) * 1000)
    averages = [level + (minute % 7) * 150 for minute in range(DAY)]
    return samples(_reports(day), averages, 96, 104, 1000)


def disk(day: Serving) -> Track:
    """Percent of disk space."""
    level = int(day.key.traffic.get("disk_percent", 30) * 1000)
    return samples(_reports(day), [level] * DAY, 98, 102, 1000)


def _reports(day: Serving) -> list[int]:
    if day.key.shape == "serverless":
        return [1 if n else 0 for n in day.served]
    return [day.capacity.instances] * DAY


def _compute(day: Serving, slots: int, weight: float) -> Track:
    """Utilisation of `slots` cores or GPUs per instance as a sum over them, thousandths of a percent."""
    count = max(day.capacity.instances, 1)
    averages = []
    for busy in day.busy_us:
        share = min(0.97, 0.02 + weight * busy / 60e6 / count / slots)
        averages.append(int(share * slots * 100_000))
    return samples([day.capacity.instances] * DAY, averages, 90, 103, 1000)


def cpu(day: Serving) -> Track:
    """0 to 100 x vCPUs, one sample per instance and minute."""
    weight = float(day.key.traffic.get("cpu_per_busy", 0.8))
    return _compute(day, instance_type(day.capacity.instance_type).vcpus, weight)


def gpu(day: Serving) -> Track:
    """0 to 100 x GPUs, one sample per instance and minute."""
    weight = float(day.key.traffic.get("gpu_per_busy", 0.7))
    return _compute(day, instance_type(day.capacity.instance_type).gpus or 1, weight)


def gpu_memory(day: Serving) -> Track:
    """0 to 100 x GPUs."""
    level = int(day.key.traffic.get("gpu_memory_percent", 48) * 1000)
    gpus = instance_type(day.capacity.instance_type).gpus or 1
    return samples([day.capacity.instances] * DAY, [level * gpus] * DAY, 98, 102, 1000)


def normalized(builder: Builder, slots: str) -> Builder:
    """A builder of 0 to 100 from one that sums over vcpus or gpus."""

    def build(day: Serving) -> Track:
        count = getattr(instance_type(day.capacity.instance_type), slots) or 1
        track = builder(day)
        pairs = zip(track.sums, track.counts, strict=True)
        averages = [total // max(number, 1) // count for total, number in pairs]
        return samples(list(track.counts), averages, 90, 103, track.scale)

    return build


def concurrency_utilization(day: Serving) -> Track:
    """Concurrent executions / MaxConcurrency, sampled each second of a minute with traffic, in millionths."""
    return _ratio(day, day.busy_us, day.concurrency, day.capacity.max_concurrency)


def provisioned_utilization(day: Serving) -> Track:
    """Executions on provisioned concurrency / its level, in millionths."""
    return _ratio(day, day.busy_on_provisioned_us, day.provisioned_peaks, day.capacity.provisioned)


def provisioned_executions(day: Serving) -> Track:
    """Concurrent executions on provisioned concurrency, in millionths."""
    return _ratio(day, day.busy_on_provisioned_us, day.provisioned_peaks, 1)


def _ratio(day: Serving, busy_us: list[int], peaks: list[int], limit: int) -> Track:
    sums, counts, lows, highs = [], [], [], []
    for busy, peak, n in zip(busy_us, peaks, day.served, strict=True):
        if n == 0:
            sums.append(0)
            counts.append(0)
            lows.append(NOTHING)
            highs.append(0)
            continue
        top = peak * 1_000_000 // limit
        mean = min(top, busy // (60 * limit))
        sums.append(mean * PER_SECOND)
        counts.append(PER_SECOND)
        lows.append(0)
        highs.append(top)
    return Track(sums, counts, lows, highs, 1_000_000)


def _per_minute(values: list[int], present: list[int]) -> Track:
    """One sample a minute that carries the minute's count."""
    counts = [1 if n else 0 for n in present]
    lows = [v if n else NOTHING for v, n in zip(values, counts, strict=True)]
    return Track(values, counts, lows, list(values))


def provisioned_invocations(day: Serving) -> Track:
    """Requests served by provisioned concurrency: one sample a minute with the minute's number."""
    return _per_minute(day.on_provisioned, day.served)


def spillover_invocations(day: Serving) -> Track:
    """Requests that overflowed to on-demand capacity: one sample a minute."""
    spilled = [n - p for n, p in zip(day.served, day.on_provisioned, strict=True)]
    return _per_minute(spilled, day.served)


def cache_hit(day: Serving) -> Track:
    """1 or 0 per request: was the model already loaded."""
    return counter([n - m for n, m in zip(day.served, day.misses, strict=True)], day.served)


def miss_time(name: str, usual_ms: int, of: str = "misses") -> Builder:
    """A builder of µs per model load (or unload), one sample each; `name` is the traffic parameter in ms."""

    def build(day: Serving) -> Track:
        usual = int(day.key.traffic.get(name, usual_ms) * 1000)
        return samples(getattr(day, of), [usual] * DAY, 50, 220)

    return build


def loaded_models(day: Serving) -> Track:
    """Models in memory per instance, one sample per instance."""
    models = int(day.key.traffic.get("models", 50))
    size_gb = float(day.key.traffic.get("model_gb", 0.25))
    room = int(instance_type(day.capacity.instance_type).memory_gb * 0.8 / size_gb)
    return samples([day.capacity.instances] * DAY, [min(models, room)] * DAY, 95, 105)


def _gauge(values: list[int]) -> Track:
    return Track(list(values), [1] * DAY, list(values), list(values))


def backlog_size(day: Serving) -> Track:
    """Queued and in-process requests."""
    return _gauge(day.backlog[0])


def backlog_per_instance(day: Serving) -> Track:
    """Backlog / instances; the whole backlog when there are none."""
    count = max(day.capacity.instances, 1)
    values = [1000 * waiting // count for waiting in day.backlog[0]]
    return Track(values, [1] * DAY, values, values, 1000)


def oldest_age(day: Serving) -> Track:
    """Seconds the oldest request has waited."""
    return _gauge(day.backlog[2])


def backlog_without_capacity(day: Serving) -> Track:
    """1 in minutes with queued requests and no instance."""
    stranded = day.capacity.instances == 0
    return _gauge([1 if waiting and stranded else 0 for waiting in day.backlog[0]])


def processed(day: Serving) -> Track:
    """Requests finished; nothing when none was."""
    return counter(day.served, day.served)


def no_failures(day: Serving) -> Track:
    """A failure count that stays at zero in minutes with work."""
    return counter([0] * DAY, day.served)


def time_in_backlog(day: Serving) -> Track:
    """Milliseconds from receipt to processing."""
    return samples(day.served, [age * 500 for age in day.backlog[2]], 20, 200)


def processing_time(day: Serving) -> Track:
    """Milliseconds from receipt to completion."""
    pairs = zip(day.backlog[2], day.minute_latency_us, strict=True)
    return samples(day.served, [age * 500 + us // 1000 for age, us in pairs], 40, 220)


def transfer_time(day: Serving) -> Track:
    """S3 download or upload, µs."""
    return samples(day.served, [180_000] * DAY, 50, 240)
