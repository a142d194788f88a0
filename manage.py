#!/usr/bin/env python
"""Django's command line. Where no database is named it joins the stack that runs in this clone, if there is one."""

import json
import os
import sys
from pathlib import Path


def join_running_stack() -> None:
    """Take over what the running stack (make demo, make run) left for commands; the environment's own values win."""
    state = Path(os.environ.get("FLOTILLA_STATE") or Path(__file__).parent / ".flotilla")
    left = state / "run" / "environment.json"
    if "DATABASE_URL" not in os.environ and "DATABASE_URL_FILE" not in os.environ and left.exists():
        for name, value in json.loads(left.read_text()).items():
            os.environ.setdefault(name, value)


def main() -> None:
    """Run a management command; a bad setting is reported in one line."""
    join_running_stack()
    # People at a terminal read what the command prints; the log of each call is for the servers.
    os.environ.setdefault("FLOTILLA_LOG_LEVEL", "WARNING")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from config.env import SettingError

    try:
        execute_from_command_line(sys.argv)
    except SettingError as error:
        sys.exit(f"flotilla: {error}")


if __name__ == "__main__":
    main()
