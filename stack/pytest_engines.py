"""Early pytest plugin: names the session's PostgreSQL and Redis before Django reads its settings.

The servers themselves start when a fixture of tests/conftest.py first needs them, so tests/unit runs without them.
"""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

from stack import postgres, redis_server
from stack.layout import ROOT, Layout

_folder = Path(tempfile.mkdtemp(prefix="flotilla-test-"))
_folder.chmod(0o711)  # PostgreSQL's unprivileged account passes through when the tests run as root.
_owner = os.getpid()

layout = Layout(ROOT, _folder)
database = postgres.embedded(layout, durable=False)
queue = redis_server.embedded(layout, durable=False)

os.environ.update(
    DATABASE_URL=database.url,
    REDIS_URL=queue.url,
    FLOTILLA_SECRET_KEY="only-for-tests-0123456789-0123456789-0123456789-0123456789",
    FLOTILLA_BASE_URL="http://testserver",
    FLOTILLA_ALLOWED_HOSTS="testserver,localhost,127.0.0.1",
    FLOTILLA_DEBUG="true",
    FLOTILLA_HTTPS="false",
    FLOTILLA_MAIL_FROM="Flotilla <flotilla@example.com>",
    FLOTILLA_REGIONS="us-east-1,eu-central-1",
    FLOTILLA_KEPT_S="0",
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
)
for _name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "SMTP_URL"):
    os.environ.pop(_name, None)


@atexit.register
def _remove() -> None:
    if os.getpid() == _owner:
        shutil.rmtree(_folder, ignore_errors=True)


def _guard(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse every connection that leaves the machine."""
    if event == "socket.connect":
        address = arguments[1]
        if isinstance(address, tuple) and not _is_loopback(str(address[0])):
            raise RuntimeError(f"tests may talk to the loopback address only, not to {address[0]}")
    elif event == "socket.getaddrinfo" and arguments[0] is not None:
        host = arguments[0].decode() if isinstance(arguments[0], bytes) else str(arguments[0])
        if not _is_loopback(host):
            raise RuntimeError(f"tests may look up loopback names only, not {host}")


def _is_loopback(host: str) -> bool:
    return (
        host in {"localhost", "::1", "", "0.0.0.0"} or host.startswith("127.") or host.endswith(".localhost")
    )


sys.addaudithook(_guard)
