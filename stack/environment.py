"""Environment variables of the product's processes: a demo is sealed off, `make run` follows the person's own."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stack.layout import Layout, StackError, port_is_free


@dataclass(frozen=True)
class Addresses:
    """Where the parts of a stack listen on the loopback address."""

    web: int
    simulator: int = 0
    smtp: int = 0
    mails: int = 0

    @property
    def base_url(self) -> str:
        """What people type."""
        return f"http://127.0.0.1:{self.web}"

    @property
    def mail_url(self) -> str:
        """Where the demo's mails are shown."""
        return f"http://127.0.0.1:{self.mails}"

    @property
    def aws_url(self) -> str:
        """The simulator's endpoint."""
        return f"http://127.0.0.1:{self.simulator}"


def web_port() -> int:
    """PORT, or 8000; StackError when it is no port or taken."""
    text = os.environ.get("PORT") or "8000"
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise StackError(f"PORT is {text!r}; it should be a number from 1 to 65535")
    if not port_is_free(int(text)):
        raise StackError(
            f"port {text} is taken; choose another with PORT=… (for example PORT={int(text) + 1})"
        )
    return int(text)


def demo_addresses(layout: Layout) -> Addresses:
    """Free ports for every part, the same as last time where possible."""
    web = web_port()
    avoid = frozenset({web})
    return Addresses(web, *(layout.port(name, avoid=avoid) for name in ("simulator", "smtp", "mails")))


def secret_key(layout: Layout) -> str:
    """The clone's own signing key, made on first use and readable by its owner alone."""
    path = layout.state / "secret_key"
    if not path.exists():
        layout.state.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(64))
    return path.read_text().strip()


def base(root: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """What every product process gets, over the inherited environment."""
    env = dict(inherited)
    env |= {"DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(root)}
    return env


def demo(layout: Layout, at: Addresses, database_url: str, redis_url: str, access_key: str) -> dict[str, str]:
    """The demo's environment: nothing of the person's AWS, database or product settings gets in.

    DEMO_TICK_S and DEMO_INVENTORY_S (seconds) hasten the background work, for whoever waits for it.
    access_key: of the simulated account whose credentials reach the others.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "FLOTILLA_", "DATABASE_URL", "REDIS_URL", "SMTP_URL"))
    }
    return base(layout.root, kept) | {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SMTP_URL": f"smtp://127.0.0.1:{at.smtp}",
        "FLOTILLA_SECRET_KEY": secret_key(layout),
        "FLOTILLA_BASE_URL": at.base_url,
        "FLOTILLA_ALLOWED_HOSTS": "127.0.0.1,localhost",
        "FLOTILLA_HTTPS": "false",
        "FLOTILLA_DEBUG": "false",
        "FLOTILLA_MAIL_FROM": "Flotilla <flotilla@example.com>",
        "FLOTILLA_TICK_INTERVAL_S": kept.get("DEMO_TICK_S", "10"),
        "FLOTILLA_INVENTORY_INTERVAL_S": kept.get("DEMO_INVENTORY_S", "30"),
        "FLOTILLA_OPERATION_POLL_S": "2",
        # The simulated Cost Explorer answers in small pages: a first reading by tag takes more than ten.
        "FLOTILLA_COST_EXPLORER_DAILY_REQUESTS": "40",
        "AWS_ENDPOINT_URL": at.aws_url,
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": "not-a-secret-the-simulator-takes-any",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def run(layout: Layout, at: Addresses, database_url: str, redis_url: str) -> dict[str, str]:
    """`make run`: the person's environment wins, what is missing is filled in for this machine."""
    env = base(layout.root, os.environ)
    filled = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "FLOTILLA_BASE_URL": at.base_url,
        "FLOTILLA_ALLOWED_HOSTS": "127.0.0.1,localhost",
    }
    if "FLOTILLA_SECRET_KEY" not in env and "FLOTILLA_SECRET_KEY_FILE" not in env:
        filled["FLOTILLA_SECRET_KEY"] = secret_key(layout)
    return filled | {name: value for name, value in env.items() if value or name not in filled}
