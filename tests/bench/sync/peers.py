"""What the inventory is compared with: Cloud Custodian in an environment of its own, and a plain boto3 loop."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import boto3

from stack.layout import ROOT, Layout

PINS = ROOT / "requirements" / "bench-peer.txt"
RESOURCES = {
    "endpoints": "aws.sagemaker-endpoint",
    "configs": "aws.sagemaker-endpoint-config",
    "models": "aws.sagemaker-model",
}
POLICY = {"policies": [{"name": name, "resource": resource} for name, resource in RESOURCES.items()]}


def custodian() -> Path:
    """The `custodian` command; its environment is made when it is missing or its pins have changed."""
    folder = Layout.of_clone().folder("bench") / "custodian"
    command, stamp = folder / "bin" / "custodian", folder / "pins.txt"
    if not command.exists() or not stamp.exists() or stamp.read_bytes() != PINS.read_bytes():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--require-hashes"]
        subprocess.run([*pip, "-r", str(PINS)], check=True)
        stamp.write_bytes(PINS.read_bytes())
    return command


def custodian_s(folder: Path, aws: dict[str, str], expected: int) -> dict[str, float]:
    """Seconds that Cloud Custodian says each policy took over us-east-1: `endpoints`, `configs`, `models`."""
    policy = folder / "policy.json"
    policy.write_text(json.dumps(POLICY))
    out = folder / f"out-{time.monotonic_ns()}"
    options = ["--region", "us-east-1", "--cache-period", "0", "--output-dir", str(out)]
    subprocess.run(
        [str(custodian()), "run", *options, str(policy)],
        env={**os.environ, **aws, "HOME": str(folder)},
        check=True,
        capture_output=True,
    )
    found = {name: json.loads((out / name / "resources.json").read_text()) for name in RESOURCES}
    assert len(found["endpoints"]) == expected
    assert all(found.values())
    told = {name: json.loads((out / name / "metadata.json").read_text()) for name in RESOURCES}
    return {name: float(metadata["execution"]["duration"]) for name, metadata in told.items()}


def plain_loop_s(aws: dict[str, str], most: int) -> tuple[float, int]:
    """Seconds of one call after the other for up to `most` endpoints with config, model and tags, and their number."""
    session = boto3.Session(aws["AWS_ACCESS_KEY_ID"], aws["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1")
    client = session.client("sagemaker", endpoint_url=aws["AWS_ENDPOINT_URL"])
    started, count = time.perf_counter(), 0
    for row in client.list_endpoints(MaxResults=100)["Endpoints"][:most]:
        endpoint = client.describe_endpoint(EndpointName=row["EndpointName"])
        config = client.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
        for variant in config["ProductionVariants"]:
            if "ModelName" in variant:
                client.describe_model(ModelName=variant["ModelName"])
        client.list_tags(ResourceArn=row["EndpointArn"])
        count += 1
    return time.perf_counter() - started, count
