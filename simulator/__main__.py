"""Command line: python -m simulator --port 0 --fleet simulator/fleet.yaml."""

from __future__ import annotations

import argparse
import asyncio
import signal
import tempfile
from pathlib import Path

import yaml

from simulator import load_fleet
from simulator.app import Simulator
from simulator.server import serve
from simulator.world import Durations

DEFAULT_FLEET = Path(__file__).with_name("fleet.yaml")


def arguments() -> argparse.Namespace:
    """The parsed command line."""
    parser = argparse.ArgumentParser(
        prog="python -m simulator", description="AWS accounts on one local port."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument(
        "--fleet", type=Path, default=DEFAULT_FLEET, help="YAML file of accounts and endpoints"
    )
    parser.add_argument(
        "--load", metavar="ENDPOINTSxACCOUNTSxREGIONS", help="a generated fleet instead, such as 10000x100x20"
    )
    parser.add_argument("--state", type=Path, help="JSON file that keeps changes over a restart")
    parser.add_argument("--create-seconds", type=float, default=6.0)
    parser.add_argument("--update-seconds", type=float, default=8.0)
    parser.add_argument("--delete-seconds", type=float, default=4.0)
    parser.add_argument("--metric-lag-seconds", type=float, default=30.0, help="delay of the newest minute")
    return parser.parse_args()


def generated(size: str) -> Path:
    """A temporary fleet file of `ENDPOINTSxACCOUNTSxREGIONS`. Raises ValueError for anything else."""
    endpoints, accounts, regions = (int(part) for part in size.split("x"))
    folder = Path(tempfile.gettempdir())
    return load_fleet.write(folder / f"simulated-fleet-{size}.json", endpoints, accounts, regions)


async def main(options: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    durations = Durations(
        options.create_seconds, options.update_seconds, options.delete_seconds, options.metric_lag_seconds
    )
    try:
        fleet = generated(options.load) if options.load else options.fleet
        simulator = Simulator(fleet, durations, options.state)
        server, port = await serve(options.host, options.port, simulator.answer)
    except (OSError, ValueError, KeyError, yaml.YAMLError) as error:
        raise SystemExit(f"simulator: {type(error).__name__}: {error}") from error
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    print(f"listening on http://{options.host}:{port}", flush=True)
    await stopped.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(main(arguments()))
