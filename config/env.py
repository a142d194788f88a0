"""Typed readers for settings from the environment.

A missing or malformed setting raises SettingError with its name, what it should look like and where it is documented.
Every reader also accepts NAME_FILE, the path of a file that holds the value (container secrets).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

DOCUMENTED_IN = "README.md, section Configuration"


class SettingError(Exception):
    """A setting is missing or malformed; the message says which and how to mend it."""

    def __init__(self, name: str, problem: str, shape: str) -> None:
        super().__init__(f"{name} {problem}. It should look like: {shape}. See {DOCUMENTED_IN}.")
        self.name = name


@dataclass(frozen=True)
class SmtpServer:
    """Where mail goes."""

    host: str
    port: int
    username: str
    password: str
    use_tls: bool
    use_ssl: bool


def text(name: str, *, default: str | None = None, shape: str = "any text") -> str:
    """The value of NAME, or the contents of the file named by NAME_FILE; default None = required."""
    file_name = os.environ.get(f"{name}_FILE")
    if file_name:
        try:
            return Path(file_name).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingError(
                f"{name}_FILE", f"names a file that cannot be read ({error.strerror})", "/path"
            ) from None
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        raise SettingError(name, "is not set", shape)
    return default


def boolean(name: str, *, default: bool) -> bool:
    """true/false, yes/no, on/off, 1/0."""
    value = text(name, default=str(default)).lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise SettingError(name, f"is {value!r}", "true or false")


def choice(name: str, choices: Sequence[str], *, default: str) -> str:
    """One of the given words, upper or lower case."""
    value = text(name, default=default).upper()
    if value not in choices:
        raise SettingError(name, f"is {value!r}", ", ".join(choices))
    return value


def integer(name: str, *, default: int, minimum: int = 0) -> int:
    """A whole number not below `minimum`."""
    value = text(name, default=str(default))
    try:
        number = int(value)
    except ValueError:
        raise SettingError(name, f"is {value!r}", f"a whole number, at least {minimum}") from None
    if number < minimum:
        raise SettingError(name, f"is {number}", f"a whole number, at least {minimum}")
    return number


def words(name: str, *, default: str = "") -> list[str]:
    """Comma-separated values, blanks dropped."""
    return [word.strip() for word in text(name, default=default).split(",") if word.strip()]


def database(name: str) -> dict[str, object]:
    """Django's DATABASES entry from postgresql://user:password@host:port/database; only PostgreSQL is accepted.

    A Unix socket folder goes percent-encoded into the host or as ?host=/folder.
    """
    shape = "postgresql://user:password@host:5432/database"
    url = urlsplit(text(name, shape=shape))
    if url.scheme not in {"postgresql", "postgres"}:
        raise SettingError(name, f"has the scheme {url.scheme!r}", shape)
    query = parse_qs(url.query)
    host = unquote(url.hostname or "") or query.get("host", [""])[0]
    # urlsplit lower-cases hostname, which would break socket folders with capitals.
    netloc_host = url.netloc.rpartition("@")[2].rpartition(":")[0] or url.netloc.rpartition("@")[2]
    if "%2F" in netloc_host.upper():
        host = unquote(netloc_host)
    database_name = unquote(url.path.lstrip("/"))
    if not host or not database_name:
        raise SettingError(name, "lacks a host or a database name", shape)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": host,
        "PORT": str(url.port or query.get("port", [""])[0] or ""),
        "NAME": database_name,
        "USER": unquote(url.username or "") or query.get("user", [""])[0],
        "PASSWORD": unquote(url.password or ""),
    }


def smtp(name: str) -> SmtpServer | None:
    """smtp://[user:password@]host:port (add +tls for STARTTLS, smtps:// for TLS); None when unset."""
    shape = "smtp://user:password@host:587, smtp+tls://… or smtps://…"
    value = text(name, default="")
    if not value:
        return None
    url = urlsplit(value)
    if url.scheme not in {"smtp", "smtp+tls", "smtps"} or not url.hostname:
        raise SettingError(name, "is not an SMTP address", shape)
    try:
        port = url.port
    except ValueError:
        raise SettingError(name, "has a bad port", shape) from None
    return SmtpServer(
        host=url.hostname,
        port=port or (465 if url.scheme == "smtps" else 25),
        username=unquote(url.username or ""),
        password=unquote(url.password or ""),
        use_tls=url.scheme == "smtp+tls",
        use_ssl=url.scheme == "smtps",
    )


def redis_url(name: str) -> str:
    """redis://host:port/db, rediss://… or unix:///path?db=0."""
    shape = "redis://host:6379/0 or unix:///path/redis.sock?db=0"
    value = text(name, shape=shape)
    if urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
        raise SettingError(name, "is not a Redis address", shape)
    return value


def base_url(name: str, *, default: str) -> str:
    """The address people use, without a trailing slash; links in mails start with it."""
    shape = "https://flotilla.example.com"
    value = text(name, default=default, shape=shape).rstrip("/")
    url = urlsplit(value)
    if url.scheme not in {"http", "https"} or not url.netloc:
        raise SettingError(name, f"is {value!r}", shape)
    return value
