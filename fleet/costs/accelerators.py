"""Accelerators of instance types, as far as a public source was found: what inference components share."""

from collections.abc import Mapping

ACCELERATORS: Mapping[str, int] = {
    "ml.g4dn.xlarge": 1, "ml.g4dn.12xlarge": 4,
    "ml.g5.xlarge": 1, "ml.g5.2xlarge": 1, "ml.g5.4xlarge": 1, "ml.g5.8xlarge": 1, "ml.g5.16xlarge": 1,
    "ml.g5.12xlarge": 4, "ml.g5.24xlarge": 4, "ml.g5.48xlarge": 8,
    "ml.g6.12xlarge": 4, "ml.g6.24xlarge": 4, "ml.g6.48xlarge": 8,
    "ml.p3.2xlarge": 1, "ml.p3.8xlarge": 4, "ml.p3.16xlarge": 8, "ml.p3dn.24xlarge": 8,
    "ml.p4d.24xlarge": 8, "ml.p5.48xlarge": 8,
}  # fmt: skip
"""GPUs of one instance. Sources: rapidsai/deployment, source/cloud/aws/index.md, which copies AWS's page "Amazon EC2
Instance types" (read November 2026); of g5 below 24xlarge the list of GPU instances at
gist.github.com/shashankprasanna/10ebe6dc1ba1d8d93db17da4e2cc890e; of ml.g6.12xlarge AWS Machine Learning Blog,
"Enhanced metrics for Amazon SageMaker AI endpoints", March 2026. A type that is not here is not known, not without."""
