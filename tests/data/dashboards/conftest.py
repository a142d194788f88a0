"""Endpoints that several pages are tried with."""

from datetime import timedelta

import pytest

from fleet.models import Endpoint
from tests.data.dashboards import rows


@pytest.fixture
def chat() -> Endpoint:
    """Serverless; 23 cold starts in 3,120 calls over two hours of the week."""
    found = rows.serverless(rows.shard(), "chat-faq")
    at = rows.hour() - timedelta(hours=4)
    rows.hour_bucket(
        found,
        at,
        invocations=3000.0,
        errors_5xx=30.0,
        setup_count=20.0,
        setup_ms_avg=6000.0,
        model_latency_ms_p99=3000.0,
        concurrency_utilization_max=1.0,
    )
    rows.hour_bucket(
        found,
        at + timedelta(hours=1),
        invocations=120.0,
        setup_count=3.0,
        setup_ms_avg=12000.0,
        model_latency_ms_p99=1000.0,
    )
    return found
