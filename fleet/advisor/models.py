"""Rules about the model cache of multi-model endpoints: thrashing, disks, slack, models nobody calls. Cache forecast's

figures come as evidence; without the number of hosted models no hit ratio is foretold.
"""

from fleet.advisor import sources, words
from fleet.advisor.advice import Decision, Effort, Line, Missing, Proposal, Risk, Severity
from fleet.advisor.evidence import Evidence
from fleet.advisor.evidence_parts import CacheChange
from fleet.advisor.rule import NO_SAVING, Needs, Outcome, Rule, advise, change_instances, part
from fleet.analysis.cache import LIMITS, Verdict
from fleet.types import CostComponent, Kind

USELESS_HITS = 0.2
CROWDED = 5.0
"""Hosted models for each loaded one from which a cache that hardly hits is called useless."""
DOWNLOADS, WAITS = 0.5, 0.1
SLACK_MEMORY, NO_SLACK_MEMORY, ALL_HITS = 40.0, 90.0, 0.98
CACHE = ("the model cache's figures", "CloudWatch has to report ModelCacheHit and ModelUnloadingTime")
HOSTED = Missing(
    "the number of hosted models", "enter it on the endpoint's Cache tab, or let Flotilla list the bucket"
)
REVERT = "Go back to the instances of before; the cache fills again."


def thrash(e: Evidence) -> Outcome:
    """Models are unloaded and loaded again all the time: the cheapest change that ends it."""
    cache = e.cache
    need = Needs()
    need.of(None if cache is None or cache.verdict is Verdict.NO_DATA else cache, *CACHE)
    if need.gap or cache is None:
        return need.gap
    if cache.verdict is not Verdict.THRASHING:
        return None
    good = [each for each in cache.changes if (each.hit_ratio_low or 0.0) >= LIMITS.recovered_hit_ratio]
    best = min(
        (each for each in good if each.usd_change is not None),
        key=lambda each: each.usd_change or 0,
        default=None,
    )
    change = None if best is None or best.usd_change is None else -best.usd_change
    proposal = _instances(e, best)
    return advise(
        (Decision.CACHE, Severity.WARNING, Effort.SMALL if proposal else Effort.MEDIUM, Risk.LOW),
        f"End the thrashing: {best.what}, {best.to}"
        if best
        else "Give its models more memory: the cache is thrashing",
        f"{words.share(cache.hit_ratio)} of calls found their model loaded, and "
        f"{words.number(cache.unloads_per_hour)} models an hour were unloaded to make room. A larger type or "
        "more instances hold more models.",
        [
            Line("Hit ratio", words.share(cache.hit_ratio), words.window(e, "ModelCacheHit")),
            Line(
                "Unloads an hour", words.number(cache.unloads_per_hour), words.window(e, "ModelUnloadingTime")
            ),
            Line("Waiting for loads", words.share(cache.wait_share), words.window(e, "ModelLoadingWaitTime")),
            *(_option(each) for each in cache.changes),
        ],
        REVERT,
        (change, change),
        proposal=proposal,
        steps=() if proposal else ("Compare the changes and their prices on the endpoint's Cache tab.",),
        missing=(HOSTED,) if cache.hosted_models is None else (),
        to=best.to if best else "",
    )


def useless(e: Evidence) -> Outcome:
    """So many models are called once that caching them is of no use."""
    cache = e.cache
    if cache is None or cache.is_caching_off:
        return None
    need = Needs()
    hits = need.of(cache.hit_ratio, *CACHE)
    hosted = need.of(cache.hosted_models, HOSTED.what, HOSTED.takes)
    loaded = need.of(cache.loaded_models, "models in memory", "CloudWatch has to report LoadedModelCount")
    if need.gap:
        return need.gap
    if hits > USELESS_HITS or hosted < CROWDED * max(1.0, loaded):
        return None
    return advise(
        (Decision.CACHE, Severity.NOTE, Effort.SMALL, Risk.MEDIUM),
        "Turn model caching off",
        f"{hosted:,} models share room for {words.number(loaded)}, and only {words.share(hits)} of calls "
        "find theirs loaded. For many models that are each called rarely, AWS advises to turn caching off.",
        [
            Line("Hit ratio", words.share(hits), words.window(e, "ModelCacheHit")),
            Line("Hosted models", f"{hosted:,}", "as entered or listed"),
            Line("Loaded", words.number(loaded), words.window(e, "LoadedModelCount")),
        ],
        "Set ModelCacheSetting back to Enabled in a new model and config.",
        steps=(
            "CreateModel with MultiModelConfig.ModelCacheSetting = Disabled; a new config; UpdateEndpoint.",
        ),
    )


def local_disk(e: Evidence) -> Outcome:
    """Loading is mostly downloading, which NVMe disks make faster."""
    cache, main = e.cache, e.main
    if cache is None or main is None or (main.machine is not None and main.machine.has_local_disk):
        return None
    need = Needs()
    downloads = need.of(
        cache.download_share, "download times", "CloudWatch has to report ModelDownloadingTime"
    )
    waits = need.of(cache.wait_share, "waiting for loads", "CloudWatch has to report ModelLoadingWaitTime")
    if need.gap:
        return need.gap
    if downloads < DOWNLOADS or waits < WAITS:
        return None
    found = next((each for each in cache.changes if "NVMe" in each.what or "disk" in each.what), None)
    change = None if found is None or found.usd_change is None else -found.usd_change
    return advise(
        (Decision.CACHE, Severity.NOTE, Effort.SMALL, Risk.LOW),
        f"Use a type with NVMe disks{f': {found.to}' if found else ' (m5d, c5d, r5d, g5)'}",
        f"{words.share(downloads)} of loading is downloading, and calls wait for loads {words.share(waits)} "
        "of their time. NVMe disks shorten both; no EBS volume is attached to such types.",
        [
            Line("Downloading", words.share(downloads), words.window(e, "ModelDownloadingTime ÷ loading")),
            Line("Waiting for loads", words.share(waits), words.window(e, "ModelLoadingWaitTime")),
        ],
        REVERT,
        NO_SAVING if change is None else (change, change),
        proposal=_instances(e, found),
        missing=() if found else words.unknown(("its price", "a forecast on the endpoint's Cache tab")),
    )


def slack(e: Evidence) -> Outcome:
    """Everything stays loaded with much memory to spare; or nothing is to spare for a lost instance."""
    cache, main = e.cache, e.main
    if cache is None or main is None:
        return None
    need = Needs()
    need.history(e)
    hits = need.of(cache.hit_ratio, *CACHE)
    memory = need.of(e.use.memory_max, *words.MEMORY)
    if need.gap:
        return need.gap
    lines = [
        Line("Hit ratio", words.share(hits), words.window(e, "ModelCacheHit")),
        Line("Most memory", words.percent(memory), words.window(e, "MemoryUtilization")),
    ]
    if hits < ALL_HITS or cache.verdict is not Verdict.HEALTHY:
        return None
    if memory >= NO_SLACK_MEMORY and (main.instance_count or 0) > 1:
        return _nothing_to_spare(lines)
    machine = main.machine
    if memory > SLACK_MEMORY or machine is None or not machine.smaller:
        return None
    price, less = machine.usd_hour, machine.smaller_usd_hour
    share = None if not price or less is None else float(1 - less / price)
    saved = NO_SAVING if share is None else part(e.month.of(CostComponent.INSTANCE_TIME), share)
    return advise(
        (Decision.SIZE, Severity.ADVICE, Effort.SMALL, Risk.MEDIUM),
        f"Use {machine.smaller}: all models stay loaded with memory to spare",
        f"Nearly every call finds its model, and at most {words.percent(memory)} of the memory is used. Keep "
        "some to spare for a lost instance.",
        lines,
        REVERT,
        saved,
        proposal=change_instances(machine.smaller, main.instance_count),
        missing=words.unknown(words.COSTS) if saved == NO_SAVING else (),
        to=machine.smaller,
    )


def _nothing_to_spare(lines: list[Line]) -> Outcome:
    return advise(
        (Decision.CARE, Severity.NOTE, Effort.MEDIUM, Risk.LOW),
        "Keep memory to spare for a lost instance",
        "When an instance or its zone fails, its models move to the others, which have no room for them.",
        lines, REVERT, steps=("Compare larger types and more instances on the endpoint's Cache tab.",),
    )  # fmt: skip


def never_called(e: Evidence) -> Outcome:
    """Hosted models that nobody called."""
    if e.cache is None:
        return None
    need = Needs()
    idle = need.of(
        e.cache.never_called, "which models are called", "AWS publishes nothing by model: callers' logs tell"
    )
    if need.gap:
        return need.gap
    if not idle:
        return None
    return advise(
        (Decision.CARE, Severity.NOTE, Effort.MEDIUM, Risk.MEDIUM),
        f"{idle:,} of its models were never called",
        "They take room on the disk and make the list of models long; in memory they are not.",
        [Line("Never called", f"{idle:,} of {e.cache.hosted_models or 0:,}", "as entered or listed")],
        "Copy the artefacts back to the endpoint's prefix.",
        steps=("Ask their owners.", "Move the artefacts out of the endpoint's S3 prefix."),
    )


def several_gpus(e: Evidence) -> Outcome:
    """Multi-model endpoints are for CPU types and types with one GPU."""
    main = e.main
    need = Needs()
    gpus = need.of(
        main.machine.gpus if main and main.machine else None, "GPUs of the type", "a type with a known size"
    )
    if need.gap or main is None:
        return need.gap
    if gpus < 2:
        return None
    return advise(
        (Decision.SIZE, Severity.WARNING, Effort.MEDIUM, Risk.MEDIUM),
        "Use types with one GPU",
        "Multi-model endpoints are supported on CPU types and on types with a single GPU.",
        [Line("GPUs", f"{gpus} in {main.instance_type}", "Amazon EC2 instance types")],
        REVERT,
        steps=("Several instances with one GPU each.",),
    )


def _instances(e: Evidence, change: CacheChange | None) -> Proposal | None:
    if change is None or e.main is None or not change.to.startswith("ml."):
        return None
    count, _, name = change.to.partition(" × ") if " × " in change.to else ("", "", change.to)
    return change_instances(name, int(count) if count.isdecimal() else e.main.instance_count)


def _option(change: CacheChange) -> Line:
    hits = (
        "hit ratio not foretold"
        if change.hit_ratio is None
        else f"hit ratio about {words.share(change.hit_ratio)}"
    )
    return Line(
        f"{change.what}: {change.to}",
        f"{hits}, {words.usd(change.usd_change)} a month more",
        "cache forecast",
    )


_KINDS = frozenset({Kind.MULTI_MODEL})
RULES = (
    Rule("cache-thrashing", 1, "Cache thrashing", _KINDS, thrash, sources.GUIDE_MULTI_MODEL_INSTANCES),
    Rule("cache-useless", 1, "Cache of no use", _KINDS, useless, sources.GUIDE_MULTI_MODEL_CACHING),
    Rule("cache-local-disk", 1, "NVMe disks", _KINDS, local_disk, sources.GUIDE_MULTI_MODEL_INSTANCES),
    Rule("cache-slack", 1, "Memory to spare", _KINDS, slack, sources.GUIDE_MULTI_MODEL_INSTANCES),
    Rule(
        "models-never-called",
        1,
        "Models never called",
        _KINDS,
        never_called,
        sources.GUIDE_MULTI_MODEL_METRICS,
    ),
    Rule("several-gpus", 1, "Several GPUs", _KINDS, several_gpus, sources.GUIDE_MULTI_MODEL_INSTANCES),
)
