"""Runs the simulator as a process of its own for tests that speak to AWS over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[2]
FLEETS = Path(__file__).parent / "fleets"
START_DEADLINE_S = 30.0
ACCESS_KEY = "AKIASIMULATORTEST000"


class SimulatorProcess:
    """One simulator on a free port. Use as a context manager, or `start()` and `stop()`."""

    def __init__(
        self,
        fleet: str | Path = "two_endpoints",
        *,
        load: tuple[int, int, int] | None = None,
        state: Path | None = None,
        **seconds: float,
    ):
        """fleet: a name in tests/aws/fleets or a path. seconds: create, update, delete, metric_lag.

        load: a generated fleet of so many endpoints, accounts and regions instead (simulator/load_fleet.py).
        """
        self.fleet = fleet_path(fleet)
        self._load = load
        self._state = state
        self._seconds = {"create": 0.3, "update": 0.3, "delete": 0.3, "metric_lag": 0.0} | seconds
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> SimulatorProcess:
        """Start the process and wait until it listens. Raises RuntimeError with its output if it does not."""
        command = [sys.executable, "-m", "simulator", "--port", "0", "--fleet", str(self.fleet)]
        for name, value in self._seconds.items():
            command += [f"--{name.replace('_', '-')}-seconds", str(value)]
        if self._load is not None:
            command += ["--load", "x".join(str(part) for part in self._load)]
        if self._state is not None:
            command += ["--state", str(self._state)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self._process.stdout is not None
        guard = threading.Timer(START_DEADLINE_S, self._process.kill)
        guard.start()
        output = []
        try:
            for line in self._process.stdout:
                if line.startswith("listening on "):
                    self.url = line.removeprefix("listening on ").strip()
                    break
                output.append(line)
        finally:
            guard.cancel()
        if not self.url:
            self.stop()
            raise RuntimeError(f"the simulator did not start: {''.join(output)}")
        threading.Thread(target=self._drain, daemon=True).start()
        return self

    def _drain(self) -> None:
        """Keep the pipe empty, or a talkative process would block."""
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            sys.stderr.write(line)

    def stop(self) -> None:
        """End the process; harmless when it has ended already."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        self.url = ""

    def kill(self) -> None:
        """kill -9, for tests of what the product does without AWS."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> SimulatorProcess:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def environment(self, access_key: str = ACCESS_KEY) -> dict[str, str]:
        """AWS_* variables that point unmodified boto3 at this process and at nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": access_key,
            "AWS_SECRET_ACCESS_KEY": "simulated",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def request(self, method: str, route: str, document: Any = None) -> Any:
        """Call a control route; returns its JSON. Raises RuntimeError with the route's own message."""
        body = None if document is None else json.dumps(document, default=str).encode()
        call = urllib.request.Request(self.url + route, data=body, method=method)
        try:
            with urllib.request.urlopen(call, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {route}: {error.read().decode()}") from error

    def truth(self, start: datetime, end: datetime) -> dict[str, Any]:
        """The true totals of every variant over [start, end), closed minutes only."""
        query = urlencode(
            {"start": start.astimezone(UTC).isoformat(), "end": end.astimezone(UTC).isoformat()}
        )
        return dict(self.request("GET", f"/_truth?{query}"))

    def bill(self, start: datetime, end: datetime) -> list[dict[str, Any]]:
        """What AWS charges for [start, end): rows by account, region, endpoint, day and usage type, USD as text."""
        query = {
            "start": start.astimezone(UTC).isoformat(),
            "end": end.astimezone(UTC).isoformat(),
            "bill": 1,
        }
        return list(self.request("GET", f"/_truth?{urlencode(query)}")["bill"])

    def holdings(self) -> dict[str, list[dict[str, Any]]]:
        """What exists at this instant: endpoints, configs, models, components, targets, by account and region."""
        return dict(self.request("GET", "/_holdings"))

    def fault(self, kind: str, action: str = "*", **fields: Any) -> SimulatorProcess:
        """Disturb matching calls: kinds and fields as in simulator/README.md (count=None: until cleared)."""
        self.request("POST", "/_faults", [{"kind": kind, "action": action, **fields}])
        return self

    def list_price(
        self, region: str, kind: str, key: str, amount: str, currency: str = "USD"
    ) -> SimulatorProcess:
        """Let the price list name another price; kinds as in simulator/prices.yaml."""
        place = {"region": region, "kind": kind, "key": key}
        self.request("POST", "/_prices", {**place, "amount": amount, "currency": currency})
        return self

    def clear_faults(self) -> SimulatorProcess:
        """Remove every fault."""
        self.request("DELETE", "/_faults")
        return self

    def fail_next_update(self, endpoint: str, reason: str = "", **where: str) -> SimulatorProcess:
        """Make the next update of an endpoint roll back; where: account and region when names repeat."""
        self.request("POST", "/_fail_next_update", {"endpoint": endpoint, "reason": reason, **where})
        return self

    def calls(self) -> dict[str, Any]:
        """Calls by action, errors by code, metrics requested, effective writes in order."""
        return dict(self.request("GET", "/_calls"))

    def reset_calls(self) -> SimulatorProcess:
        """Set every counter to zero."""
        self.request("DELETE", "/_calls")
        return self

    def reset(self, fleet: str | Path | None = None) -> SimulatorProcess:
        """Start again from the fleet file (or another one): no changes, faults, counts or clock offset."""
        path = str(fleet_path(fleet)) if fleet is not None else None
        self.request("POST", "/_reset", {"fleet": path})
        return self

    def add_endpoint(self, **entry: Any) -> SimulatorProcess:
        """Add an endpoint as a fleet file's entry would (name, account, region, serverless=…, traffic=…)."""
        return self.add_endpoints([entry])

    def add_endpoints(self, entries: Sequence[dict[str, Any]]) -> SimulatorProcess:
        """Add several endpoints at once."""
        self.request("POST", "/_endpoints", list(entries))
        return self

    def now(self) -> datetime:
        """The simulator's own instant."""
        return datetime.fromisoformat(self.request("GET", "/_clock")["now"])

    def advance(self, seconds: float) -> SimulatorProcess:
        """Move the simulator's clock forward."""
        self.request("POST", "/_clock", {"advance_s": seconds})
        return self


def fleet_path(fleet: str | Path) -> Path:
    """The file of a fleet given by name (tests/aws/fleets), or the path itself."""
    return fleet if isinstance(fleet, Path) else FLEETS / f"{fleet}.yaml"
