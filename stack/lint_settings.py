"""The product's settings with stand-in values for what has no default, so that mypy can load them anywhere."""

import os

os.environ.setdefault("DATABASE_URL", "postgresql://lint@127.0.0.1/lint")
os.environ.setdefault("REDIS_URL", "redis://127.0.0.1/0")
os.environ.setdefault("FLOTILLA_SECRET_KEY", "only-for-linting")

from config.settings import *  # noqa: F403

# Linters never connect; without the pool an attempt fails at once instead of after its patience.
DATABASES["default"]["OPTIONS"] = {"connect_timeout": 1}  # noqa: F405
