"""The product's settings for a served benchmark: production mode, static files in a folder of its own."""

import os
from pathlib import Path

from config.settings import *  # noqa: F403

STATIC_ROOT = Path(os.environ["BENCH_STATIC"])
