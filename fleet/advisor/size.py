"""Rules about the size and family of instances, and what measurements of other types say."""

from decimal import Decimal

from fleet.advisor import sources, words
from fleet.advisor.advice import Decision, Effort, Line, Risk, Severity
from fleet.advisor.evidence import Evidence, Hosting
from fleet.advisor.evidence_parts import Recommendation
from fleet.advisor.rule import (
    NO_SAVING,
    ON_INSTANCES,
    Needs,
    Outcome,
    Range,
    Rule,
    advise,
    change_instances,
)
from fleet.types import CostComponent, Kind

SPARE_CPU, SPARE_MEMORY = 70.0, 80.0
"""Most of the smaller machine, percent, that may be in use after the change, if use moves with its size."""
FULL_CPU, FULL_MEMORY, FULL_DISK = 85.0, 90.0, 85.0
BUSY_CPU = 60.0
ARM_OR_CHIP = ("ml.inf", "ml.c6g", "ml.c7g", "ml.m6g", "ml.r6g", "ml.r7g", "ml.m7g")
MACHINE = ("the instance type's size and price", "a type that the price list and the table of sizes know")


def oversized(e: Evidence) -> Outcome:
    """Neither CPU, memory nor GPU would be short on the next smaller size."""
    main = e.main
    if main is None or main.machine is None or not main.machine.smaller:
        return None
    need = Needs()
    need.history(e)
    cpu = need.of(e.use.cpu_p95, *words.CPU)
    memory = need.of(e.use.memory_max, *words.MEMORY)
    has = need.of(main.machine.memory_mb, *MACHINE)
    would_have = need.of(main.machine.smaller_memory_mb, *MACHINE)
    gpu = 0.0
    if main.machine.gpus != 0:
        gpu = need.of(e.use.gpu_max, "GPU in use", "CloudWatch has to report GPUUtilization")
    if need.gap:
        return need.gap
    times = has / would_have
    if max(cpu, gpu) * times > SPARE_CPU or memory * times > SPARE_MEMORY:
        return None
    smaller = main.machine.smaller
    saved = _cheaper(e, main, main.machine.smaller_usd_hour)
    return advise(
        (Decision.SIZE, Severity.ADVICE, Effort.SMALL, Risk.MEDIUM),
        f"Use {smaller} instead of {main.instance_type}",
        f"CPU stayed below {words.percent(cpu)} in 95 of 100 hours, memory below {words.percent(memory)}: "
        "the next smaller size would still have room. Compare latency after the change.",
        _in_use(e, cpu, memory, gpu if main.machine.gpus != 0 else None),
        f"Change it back to {main.instance_type}.",
        saved,
        proposal=change_instances(smaller, main.instance_count),
        steps=(f"A new endpoint config with {smaller}, UpdateEndpoint; deregister scaling before.",),
        missing=words.unknown(words.COSTS) if saved == NO_SAVING else (),
        to=smaller,
    )


def _in_use(e: Evidence, cpu: float, memory: float, gpu: float | None) -> list[Line]:
    found = [
        Line("CPU, 95 of 100 hours", words.percent(cpu), words.window(e, "CPUUtilization ÷ vCPUs")),
        Line("Most memory", words.percent(memory), words.window(e, "MemoryUtilization")),
    ]
    if gpu is not None:
        found.append(Line("Most GPU", words.percent(gpu), words.window(e, "GPUUtilization")))
    return found


def undersized(e: Evidence) -> Outcome:
    """CPU, memory or GPU is nearly all in use."""
    main = e.main
    need = Needs()
    if e.use.cpu_p95 is None and e.use.memory_max is None and e.use.gpu_max is None:
        need.of(None, *words.CPU)
    if need.gap:
        return need.gap
    lines = [
        Line(label, words.percent(value), words.window(e, metric))
        for label, value, full, metric in (
            ("CPU, 95 of 100 hours", e.use.cpu_p95, FULL_CPU, "CPUUtilization ÷ vCPUs"),
            ("Most memory", e.use.memory_max, FULL_MEMORY, "MemoryUtilization"),
            ("Most GPU memory", e.use.gpu_memory_max, FULL_MEMORY, "GPUMemoryUtilization ÷ GPUs"),
        )
        if value is not None and value >= full
    ]
    if not lines:
        return None
    what = " and ".join(line.label.split(",")[0].removeprefix("Most ") for line in lines)
    return advise(
        (Decision.SIZE, Severity.WARNING, Effort.SMALL, Risk.LOW),
        f"Short of {what}: use a larger type or more instances",
        "Nearly all of it is in use: calls wait for each other, or fail for want of memory.",
        lines,
        "Change it back when use has gone down.",
        steps=("Choose a type with more of it under Options, or scale by this figure.",),
        missing=words.unknown(("which of several variants it is", "figures by variant"))
        if main is None
        else (),
    )


def disk_full(e: Evidence) -> Outcome:
    """The volume has to hold every model; downloads fail when it is full."""
    need = Needs()
    disk = need.of(e.use.disk_max, "disk in use", "CloudWatch has to report DiskUtilization")
    if need.gap:
        return need.gap
    if disk < FULL_DISK:
        return None
    return advise(
        (Decision.CARE, Severity.WARNING, Effort.MEDIUM, Risk.LOW),
        f"Its disk is {words.percent(disk)} full",
        "The volume has to hold the models. Without room a model cannot be downloaded, and its call fails.",
        [Line("Most disk", words.percent(disk), words.window(e, "DiskUtilization"))],
        "Set VolumeSizeInGB back in a new config.",
        steps=("A new endpoint config with a larger VolumeSizeInGB (up to 512), then UpdateEndpoint.",),
    )


def older_family(e: Evidence) -> Outcome:
    """A later generation of the same family and size is sold in the region."""
    main = e.main
    if main is None or main.machine is None or not main.machine.newer:
        return None
    saved = _cheaper(e, main, main.machine.newer_usd_hour)
    is_cheaper = saved[0] is not None and saved[0] > 0
    return advise(
        (Decision.SIZE, Severity.ADVICE if is_cheaper else Severity.NOTE, Effort.SMALL, Risk.MEDIUM),
        f"Use {main.machine.newer} instead of {main.instance_type}",
        "It is a later generation of the same family and size. How much faster this model runs on it is not "
        "proved: measure before moving all traffic.",
        [
            Line("Price an hour", words.usd(main.machine.usd_hour), f"price list, {e.region}"),
            Line("Price an hour then", words.usd(main.machine.newer_usd_hour), f"price list, {e.region}"),
        ],
        f"Change it back to {main.instance_type}.",
        saved if is_cheaper else NO_SAVING,
        proposal=change_instances(main.machine.newer, main.instance_count),
        missing=words.unknown(("how this model runs on it", "an Inference Recommender job, or a trial")),
        to=main.machine.newer,
    )


def recommended_type(e: Evidence) -> Outcome:
    """Inference Recommender measured this model on a cheaper type that takes the peak."""
    return _measured(e, e.recommendation, "an Inference Recommender job (default: up to 45 minutes)")


def other_processor(e: Evidence) -> Outcome:
    """The same, for Graviton and Inferentia, which need another build of the model."""
    found = [each for each in e.alternatives if each.instance_type.startswith(ARM_OR_CHIP)]
    best = min(
        (each for each in found if each.usd_hour is not None),
        key=lambda each: each.usd_hour or Decimal(0),
        default=None,
    )
    return _measured(e, best, "a measurement on Graviton or Inferentia; a model has to be built for it")


def compile_model(e: Evidence) -> Outcome:
    """The processor is the bottleneck, so a compiled model would need less of it."""
    main = e.main
    if main is None or (main.machine is not None and main.instance_type.startswith("ml.inf")):
        return None
    need = Needs()
    need.history(e)
    cpu = need.of(e.use.cpu_mean, *words.CPU)
    if need.gap:
        return need.gap
    if max(cpu, e.use.gpu_mean or 0.0) < BUSY_CPU:
        return None
    return advise(
        (Decision.CARE, Severity.NOTE, Effort.LARGE, Risk.MEDIUM),
        "Try a compiled model (SageMaker Neo)",
        "Its processors are busy on average, so a model optimised for them would need fewer or smaller "
        "instances. How much is not proved: no saving is claimed.",
        [
            Line("CPU on average", words.percent(cpu), words.window(e, "CPUUtilization ÷ vCPUs")),
            words.month(e),
        ],
        "Deploy the model as it was.",
        steps=(
            "Compile the model for the type with Neo.",
            "Measure latency and use with a part of the calls.",
        ),
    )


def _measured(e: Evidence, found: Recommendation | None, takes: str) -> Outcome:
    main = e.main
    if main is None:
        return None
    need = Needs()
    rate = need.of(found, "a measured result for this model", takes)
    machine = need.of(main.machine, *MACHINE)
    peak = need.of(e.calls.peak_concurrency, "most calls at once", words.CALLS[1])
    latency = need.of(e.calls.latency_ms_p50, *words.LATENCY)
    if need.gap:
        return need.gap
    if rate.usd_hour is None or machine.usd_hour is None or rate.usd_hour >= machine.usd_hour:
        return None
    calls_a_minute = peak * 60_000 / latency if latency else 0.0
    if (
        rate.max_calls_per_minute is None
        or rate.max_calls_per_minute * (main.instance_count or 0) < calls_a_minute
    ):
        return None
    return advise(
        (Decision.SIZE, Severity.ADVICE, Effort.MEDIUM, Risk.MEDIUM),
        f"Use {rate.instance_type}: measured, and cheaper",
        f"Measured there for this model ({rate.source}): {words.duration(rate.latency_ms)} a call, up to "
        f"{words.number(rate.max_calls_per_minute)} calls a minute on one instance, which takes the peak.",
        [
            Line("Price an hour", words.usd(machine.usd_hour), f"price list, {e.region}"),
            Line("Price an hour then", words.usd(rate.usd_hour), rate.source),
            Line(
                "Peak",
                f"{words.number(calls_a_minute)} calls a minute",
                words.window(e, "calls at once ÷ p50"),
            ),
        ],
        f"Change it back to {main.instance_type}.",
        _cheaper(e, main, rate.usd_hour),
        proposal=change_instances(rate.instance_type, main.instance_count),
        to=rate.instance_type,
    )


def _cheaper(e: Evidence, main: Hosting, usd_hour: Decimal | None) -> Range:
    """Instance time at another price, for the hours that ran; both None without the prices or the cost."""
    paid = e.month.of(CostComponent.INSTANCE_TIME)
    now = main.machine.usd_hour if main.machine else None
    if paid is None or not now or usd_hour is None:
        return NO_SAVING
    found = paid * (1 - usd_hour / now)
    return found, found


_MODEL_ON_INSTANCES = frozenset({Kind.REAL_TIME, Kind.ASYNCHRONOUS})
RULES = (
    Rule("oversized", 1, "Larger than needed", ON_INSTANCES, oversized, sources.GUIDE_COSTS),
    Rule("undersized", 1, "Short of room", ON_INSTANCES, undersized, sources.GUIDE_METRICS),
    Rule("disk-nearly-full", 1, "Disk nearly full", ON_INSTANCES, disk_full, sources.GUIDE_MULTI_MODEL_INSTANCES),
    Rule("older-family", 1, "Older instance family", ON_INSTANCES, older_family, sources.BLOG_PATTERNS),
    Rule("recommended-type", 1, "Measured by Inference Recommender", _MODEL_ON_INSTANCES, recommended_type,
         sources.GUIDE_RECOMMENDER),
    Rule("other-processor", 1, "Graviton or Inferentia", _MODEL_ON_INSTANCES, other_processor, sources.BLOG_PATTERNS),
    Rule("compile-model", 1, "Compiled model", _MODEL_ON_INSTANCES, compile_model, sources.GUIDE_NEO),
)  # fmt: skip
