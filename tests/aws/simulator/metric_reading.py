"""Asks the simulator for metrics as a client would: queries, all pages, points by timestamp."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.aws.simulator.conftest import Client
from tests.aws.simulator_process import SimulatorProcess

SAGEMAKER = "AWS/SageMaker"
HOSTS = "/aws/sagemaker/Endpoints"


def query(name: str, metric: str, stat: str, period: int = 60, **dims: str) -> dict[str, Any]:
    """One MetricDataQuery; by default with the dimensions of the endpoint's only variant."""
    hosts = metric.endswith(("Utilization", "ModelCount")) and not metric.startswith("Serverless")
    dimensions = dims or {"EndpointName": name, "VariantName": "AllTraffic"}
    return {
        "Namespace": HOSTS if hosts else SAGEMAKER,
        "MetricName": metric,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        "Stat": stat,
        "Period": period,
    }


def values(
    client: Client, queries: list[dict[str, Any]], start: datetime, end: datetime, **more: Any
) -> list[dict[datetime, float]]:
    """The points of each query by timestamp, all pages."""
    asked = [
        {
            "Id": f"q{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": asked_for["Namespace"],
                    "MetricName": asked_for["MetricName"],
                    "Dimensions": asked_for["Dimensions"],
                },
                "Period": asked_for["Period"],
                "Stat": asked_for["Stat"],
            },
        }
        for number, asked_for in enumerate(queries)
    ]
    found: dict[str, dict[datetime, float]] = {str(item["Id"]): {} for item in asked}
    pages = (
        client("cloudwatch")
        .get_paginator("get_metric_data")
        .paginate(MetricDataQueries=asked, StartTime=start, EndTime=end, **more)
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            found[result["Id"]].update(zip(result["Timestamps"], result["Values"], strict=True))
    return list(found.values())


def last_hours(simulator: SimulatorProcess, hours: int) -> tuple[datetime, datetime]:
    """The last full hours."""
    end = simulator.now().replace(minute=0, second=0, microsecond=0)
    return end - timedelta(hours=hours), end


def listed(client: Client, name: str) -> set[str]:
    """Metric names CloudWatch lists for an endpoint."""
    pages = (
        client("cloudwatch")
        .get_paginator("list_metrics")
        .paginate(Dimensions=[{"Name": "EndpointName", "Value": name}])
    )
    return {metric["MetricName"] for page in pages for metric in page["Metrics"]}
