"""Tables of the rules about memory, instances, and the model cache."""

from decimal import Decimal

from fleet.advisor.evidence_parts import CacheChange, CacheUse, Recommendation
from fleet.analysis.cache import Verdict

from .worked_cases import MULTI_MODEL, REAL_TIME, SERVERLESS, Case, but

GIB = 1024**3
ROOMY = but(REAL_TIME, use__cpu_p95=35.0, use__memory_max=40.0)
MEASURED = Recommendation("ml.c6i.large", 50.0, 2_000.0, Decimal("0.102"), source="Inference Recommender")
GRAVITON = Recommendation("ml.c7g.large", 50.0, 2_000.0, Decimal("0.102"), source="a trial")
THRASHING = but(
    MULTI_MODEL,
    cache=CacheUse(
        Verdict.THRASHING,
        0.62,
        410.0,
        80.0,
        400,
        0,
        0.31,
        0.6,
        changes=(
            CacheChange("larger instance", "ml.c5.2xlarge", 0.95, 0.9, Decimal("300")),
            CacheChange("more instances", "6 × ml.c5.xlarge", 0.93, 0.86, Decimal("298")),
            CacheChange("type with NVMe disks", "ml.c5d.xlarge", 0.62, 0.6, Decimal("60")),
        ),
    ),
)
HEALTHY = but(
    MULTI_MODEL, cache=CacheUse(Verdict.HEALTHY, 0.98, 0.0, 40.0, 40, 0, 0.01, 0.2), use__memory_max=40.0
)
ONCE = but(MULTI_MODEL, cache=CacheUse(Verdict.THRASHING, 0.2, 900.0, 40.0, 200))

CASES = (
    # 60 % of 4,096 MB are 2,458 MB: 80 % of 3,072 MB. 120 − 90, and 0 if calls take as much longer.
    Case(
        "memory-too-large",
        SERVERLESS,
        but(SERVERLESS, use__memory_max=60.1),
        but(SERVERLESS, use__memory_max=None),
        "Lower its memory from 4 to 3 GB",
        "memory in use",
        ("0", "60"),
    ),
    Case(
        "memory-nearly-full",
        but(SERVERLESS, use__memory_max=90.0),
        but(SERVERLESS, use__memory_max=89.9),
        but(SERVERLESS, use__memory_max=None),
        "Raise its memory to 5 GB",
        "memory in use",
    ),
    Case(
        "memory-below-model",
        but(SERVERLESS, main__model_bytes=4 * GIB + 1),
        but(SERVERLESS, main__model_bytes=4 * GIB),
        SERVERLESS,
        "Raise its memory to 5 GB",
        "size of the model",
    ),
    Case(
        "large-image",
        but(SERVERLESS, main__image_bytes=8 * 10**9),
        but(SERVERLESS, main__image_bytes=8 * 10**9 - 1),
        SERVERLESS,
        "Its image has 8.0 of the 10 GB",
        "size of the container image",
    ),
    # Half the machine at half the price: 35 % of CPU would be 70 %, 40 % of memory 80 %.
    Case(
        "oversized",
        ROOMY,
        but(ROOMY, use__cpu_p95=35.1),
        but(ROOMY, use__memory_max=None),
        "Use ml.c5.large instead of ml.c5.xlarge",
        "memory in use",
        ("297.84", "297.84"),
    ),
    Case(
        "undersized",
        but(REAL_TIME, use__cpu_p95=85.0),
        but(REAL_TIME, use__cpu_p95=84.9),
        but(REAL_TIME, use__cpu_p95=None, use__memory_max=None),
        "Short of CPU",
        "CPU in use",
    ),
    Case(
        "disk-nearly-full",
        but(REAL_TIME, use__disk_max=85.0),
        but(REAL_TIME, use__disk_max=84.9),
        but(REAL_TIME, use__disk_max=None),
        "Its disk is 85 % full",
        "disk in use",
    ),
    Case(
        "older-family",
        but(REAL_TIME, machine__newer="ml.c6i.xlarge", machine__newer_usd_hour=Decimal("0.153")),
        REAL_TIME,
        but(REAL_TIME, main__machine=None),
        "Use ml.c6i.xlarge instead of ml.c5.xlarge",
        "",
        ("148.92", "148.92"),
    ),
    # Six at once at 60 ms each are 6,000 calls a minute; four instances take 8,000.
    Case(
        "recommended-type",
        but(REAL_TIME, recommendation=MEASURED),
        but(REAL_TIME, recommendation=MEASURED, calls__peak_concurrency=9),
        REAL_TIME,
        "Use ml.c6i.large: measured, and cheaper",
        "a measured result",
        ("297.84", "297.84"),
    ),
    Case(
        "other-processor",
        but(REAL_TIME, alternatives=(GRAVITON,)),
        but(REAL_TIME, alternatives=(GRAVITON,), main__instance_count=2),
        but(REAL_TIME, alternatives=(MEASURED,)),
        "Use ml.c7g.large: measured, and cheaper",
        "a measured result",
        ("297.84", "297.84"),
    ),
    Case(
        "compile-model",
        but(REAL_TIME, use__cpu_mean=60.0),
        REAL_TIME,
        but(REAL_TIME, use__cpu_mean=None),
        "Try a compiled model",
        "CPU in use",
    ),
    # 298 a month more is the cheapest of the two changes that end it; the NVMe type alone does not.
    Case(
        "cache-thrashing",
        THRASHING,
        HEALTHY,
        MULTI_MODEL,
        "End the thrashing: more instances, 6 × ml.c5.xlarge",
        "model cache's figures",
        ("-298", "-298"),
    ),
    Case(
        "cache-useless",
        ONCE,
        but(ONCE, cache__hosted_models=199),
        but(ONCE, cache__hosted_models=None),
        "Turn model caching off",
        "number of hosted models",
    ),
    Case(
        "cache-local-disk",
        THRASHING,
        but(THRASHING, cache__download_share=0.49),
        but(THRASHING, cache__download_share=None),
        "Use a type with NVMe disks: ml.c5d.xlarge",
        "download times",
        ("-60", "-60"),
    ),
    Case(
        "cache-slack",
        HEALTHY,
        but(HEALTHY, use__memory_max=40.1),
        but(HEALTHY, use__memory_max=None),
        "Use ml.c5.large: all models stay loaded",
        "memory in use",
        ("297.84", "297.84"),
    ),
    Case(
        "models-never-called",
        but(HEALTHY, cache__never_called=12),
        HEALTHY,
        but(HEALTHY, cache__never_called=None),
        "12 of its models were never called",
        "which models are called",
    ),
    Case(
        "several-gpus",
        but(HEALTHY, machine__gpus=4),
        but(HEALTHY, machine__gpus=1),
        but(HEALTHY, machine__gpus=None),
        "Use types with one GPU",
        "GPUs of the type",
    ),
)
