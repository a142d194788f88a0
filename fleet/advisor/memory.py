"""Rules about the memory of serverless endpoints and the size of their image."""

from decimal import Decimal

from fleet.advisor import sources, words
from fleet.advisor.advice import Decision, Effort, Line, Proposal, Risk, Severity
from fleet.advisor.evidence import Evidence, PricedWay
from fleet.advisor.limits import GB, MAX_IMAGE_BYTES
from fleet.advisor.rule import NO_SAVING, Needs, Outcome, Rule, advise, saving
from fleet.costs.break_even import Family
from fleet.costs.options import MEMORY_SIZES_MB
from fleet.operations.kinds import OperationKind
from fleet.types import Kind

ROOM = 0.8
"""Part of a memory size that may be in use at most after a change to it."""
FULL = 90.0
NEAR_IMAGE_LIMIT = 0.8
MIB = 1024 * 1024
MODEL_SIZE = ("size of the model", "the artefact's size in S3: one object, and s3:ListBucket for its bucket")


def lower(e: Evidence) -> Outcome:
    """What is in use fits a smaller size with a fifth to spare, and the model fits, too."""
    main = e.main
    if main is None or main.memory_mb is None:
        return None
    need = Needs()
    need.history(e)
    most = need.of(e.use.memory_max, *words.MEMORY)
    if need.gap:
        return need.gap
    used_mb = main.memory_mb * most / 100
    model_mb = (main.model_bytes or 0) / MIB
    size = next((each for each in MEMORY_SIZES_MB if used_mb <= ROOM * each and model_mb <= each), None)
    if size is None or size >= main.memory_mb:
        return None
    saved = _saved(e, size)
    return advise(
        (Decision.SIZE, Severity.ADVICE, Effort.SMALL, Risk.MEDIUM),
        f"Lower its memory from {main.memory_mb // 1024} to {size // 1024} GB",
        f"At most {used_mb:,.0f} MB were in use. A second of work costs in proportion to the memory; less "
        "memory also comes with less CPU, so calls may take longer: at worst so much longer that nothing is "
        "saved.",
        [
            Line(
                "Most memory in use",
                f"{words.percent(most)} of {main.memory_mb:,} MB",
                words.window(e, "MemoryUtilization"),
            ),
            words.month(e),
        ],
        f"Set it back to {main.memory_mb // 1024} GB.",
        saved,
        proposal=Proposal(OperationKind.CHANGE_MEMORY, {"memory_mb": str(size)}),
        missing=(words.unknown(words.WAYS) if saved == NO_SAVING else ())
        + (words.unknown(MODEL_SIZE) if main.model_bytes is None else ()),
        to=f"{size} MB",
    )


def higher(e: Evidence) -> Outcome:
    """Nearly all of the memory is in use: calls fail when there is none left."""
    main = e.main
    if main is None or main.memory_mb is None:
        return None
    need = Needs()
    most = need.of(e.use.memory_max, *words.MEMORY)
    if need.gap:
        return need.gap
    if most < FULL:
        return None
    size = next((each for each in MEMORY_SIZES_MB if each > main.memory_mb), None)
    return advise(
        (Decision.SIZE, Severity.WARNING, Effort.SMALL, Risk.LOW),
        f"Raise its memory to {size // 1024} GB" if size else "It uses nearly all of the largest memory size",
        f"{words.percent(most)} of its memory was in use. Without any left, calls fail.",
        [
            Line("Most memory in use", words.percent(most), words.window(e, "MemoryUtilization")),
            words.month(e),
        ],
        f"Set it back to {main.memory_mb // 1024} GB." if size else "See the undo of converting.",
        saving(e.today, _size(e, size)) if size else NO_SAVING,
        proposal=Proposal(OperationKind.CHANGE_MEMORY, {"memory_mb": str(size)}) if size else None,
        steps=() if size else ("6,144 MB are the most: a smaller model, or instances.",),
        to=f"{size} MB" if size else "",
    )


def below_model(e: Evidence) -> Outcome:
    """The memory size should be at least as large as the model."""
    main = e.main
    if main is None or main.memory_mb is None:
        return None
    need = Needs()
    model_bytes = need.of(main.model_bytes, *MODEL_SIZE)
    if need.gap:
        return need.gap
    if model_bytes <= main.memory_mb * MIB:
        return None
    size = next((each for each in MEMORY_SIZES_MB if each * MIB >= model_bytes), None)
    return advise(
        (Decision.SIZE, Severity.WARNING, Effort.SMALL, Risk.LOW),
        f"Raise its memory to {size // 1024} GB"
        if size
        else "Its model is larger than the largest memory size",
        f"The artefact alone has {model_bytes / MIB:,.0f} MB; the memory size should be at least as large as "
        "the model.",
        [
            Line("Model", f"{model_bytes / MIB:,.0f} MB, packed", "artefact in S3"),
            Line("Memory", f"{main.memory_mb:,} MB", "DescribeEndpoint"),
        ],
        f"Set it back to {main.memory_mb // 1024} GB.",
        proposal=Proposal(OperationKind.CHANGE_MEMORY, {"memory_mb": str(size)}) if size else None,
        steps=() if size else ("Host it on instances, or make the model smaller.",),
    )


def large_image(e: Evidence) -> Outcome:
    """The image is near the 10 GB that serverless takes, and is downloaded at cold starts."""
    main = e.main
    if main is None:
        return None
    need = Needs()
    size = need.of(
        main.image_bytes,
        "size of the container image",
        "ecr:DescribeImages for its repository; of AWS's own images nobody may ask",
    )
    if need.gap:
        return need.gap
    if size < NEAR_IMAGE_LIMIT * MAX_IMAGE_BYTES:
        return None
    return advise(
        (Decision.CARE, Severity.NOTE, Effort.MEDIUM, Risk.LOW),
        f"Its image has {size / GB:.1f} of the 10 GB that serverless takes",
        "The next version may be refused. Download and start of the container are part of every cold start. "
        "One worker and one copy of the model are advised for serverless; images made for instances often "
        "start one per vCPU.",
        [Line("Image", f"{size / GB:.1f} GB", "ecr:DescribeImages")],
        "Nothing is changed by this advice.",
        steps=("Build the image without what inference does not need.", "Set the container to one worker."),
    )


def _size(e: Evidence, memory_mb: int) -> PricedWay | None:
    """The same memory without provisioned concurrency, which is what is priced for all sizes."""
    is_plain = e.today is not None and e.today.family is Family.SERVERLESS
    found = (way for way in e.ways if way.family is Family.SERVERLESS and way.item == str(memory_mb))
    return next(found, None) if is_plain else None


def _saved(e: Evidence, memory_mb: int) -> tuple[Decimal | None, Decimal | None]:
    """At least nothing: durations may grow by as much as the memory shrinks."""
    low, high = saving(e.today, _size(e, memory_mb))
    return (None, None) if low is None or high is None or high <= 0 else (Decimal(0), high)


_KINDS = frozenset({Kind.SERVERLESS})
RULES = (
    Rule("memory-too-large", 1, "Memory larger than needed", _KINDS, lower, sources.GUIDE_SERVERLESS),
    Rule("memory-nearly-full", 1, "Memory nearly full", _KINDS, higher, sources.GUIDE_SERVERLESS),
    Rule(
        "memory-below-model",
        1,
        "Memory below the model's size",
        _KINDS,
        below_model,
        sources.GUIDE_SERVERLESS,
    ),
    Rule("large-image", 1, "Large container image", _KINDS, large_image, sources.GUIDE_SERVERLESS),
)
