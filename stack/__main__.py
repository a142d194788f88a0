"""`python -m stack`: the commands behind the Makefile."""

import argparse
import os
import sys

from stack import checks, control, demo
from stack.layout import Layout, StackError
from stack.load import load
from stack.supervisor import Stopped


def arguments() -> argparse.Namespace:
    """The parsed command line."""
    parser = argparse.ArgumentParser(prog="python -m stack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("demo", "everything against the simulator"),
        ("run", "the product against the AWS of the environment"),
        ("services", "PostgreSQL and Redis alone"),
        ("reset", "forget the demo's state"),
        ("status", "the parts of the running stack"),
        ("load", "the demo with 10,000 endpoints"),
        ("lint", "every linter"),
    ):
        commands.add_parser(name, help=text)
    for name in ("stop", "start"):
        commands.add_parser(name, help=f"{name} one part of the running stack").add_argument("part")
    commands.add_parser("screenshots", help="photograph the demo").add_argument("names", nargs="*")
    commands.add_parser("bench", help="the benchmarks").add_argument("size", nargs="?")
    commands.add_parser("test", help="all test lanes, or one").add_argument("lane", nargs="?")
    return parser.parse_args()


def main() -> None:
    """Run one command; a trouble becomes one clear line and exit code 1."""
    options = arguments()
    layout = Layout.of_clone()
    try:
        if options.command in {"status", "stop", "start"}:
            words = [options.command, *([options.part] if options.command != "status" else [])]
            print(control.ask(layout.sockets() / "control.sock", *words))
        elif options.command == "load":
            load(layout)
        elif options.command == "screenshots":
            from stack.screenshots import screenshots

            screenshots(layout, options.names)
        elif options.command == "test":
            checks.test(options.lane)
        elif options.command == "bench":
            checks.bench(options.size)
        elif options.command == "lint":
            checks.lint()
        else:
            getattr(demo, options.command)(layout)
    except StackError as error:
        sys.exit(f"flotilla: {error}")
    except Stopped as stopped:
        print(f"\nstopped by {stopped}", flush=True)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # Whoever read our lines has gone; everything is already stopped.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - the interpreter flushes it on its way out
        sys.exit(1)


if __name__ == "__main__":
    main()
