"""The production files, as far as they can be checked without a container engine."""

import ast
import importlib.util
import re
from typing import Any

import pytest
import yaml
from django.conf import settings

from stack.health import CHECKS
from stack.layout import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
PRODUCT = [name for name, service in SERVICES.items() if service["image"] == "flotilla"]
WORKERS = [name for name in PRODUCT if name.startswith("worker-")]
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")


def _known_settings() -> set[str]:
    """Every name that the settings read from the environment."""
    names = set()
    for path in (ROOT / "config").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                owner, first = node.func.value, node.args[0]
                if isinstance(owner, ast.Name) and owner.id == "env" and isinstance(first, ast.Constant):
                    names.add(str(first.value))
    return names


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_hardened_and_comes_back(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["user"].partition(":")[0] not in {"", "0", "root"}
    assert service["restart"] == ("on-failure" if name == "migrate" else "unless-stopped")


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "migrate"])
def test_every_lasting_service_has_a_health_check(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "retries"} <= set(check)
    if check["test"][1:4] == ["python", "-m", "stack.health"]:
        assert check["test"][4] in CHECKS


def test_the_product_starts_after_its_database_is_migrated() -> None:
    assert SERVICES["migrate"]["depends_on"]["postgres"] == {"condition": "service_healthy"}
    for name in set(PRODUCT) - {"migrate"}:
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_the_workers_together_serve_every_queue_once() -> None:
    served = [
        queue for name in WORKERS for queue in _option(SERVICES[name]["command"], "--queues").split(",")
    ]
    assert sorted(served) == sorted(queue.name for queue in settings.CELERY_TASK_QUEUES)


def test_what_has_time_stands_back_for_pages_and_operations() -> None:
    shares = {name: SERVICES[name].get("cpu_shares", 1024) for name in PRODUCT}
    back = {name for name, share in shares.items() if share < 1024}
    assert back == set(WORKERS) - {"worker-operations"}


def _option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]


def test_no_secret_stands_in_the_files_and_every_setting_is_known() -> None:
    known = _known_settings()
    assert {"DATABASE_URL", "FLOTILLA_SECRET_KEY"} <= known
    for line in (ROOT / ".env.example").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            assert name in known | {"POSTGRES_PASSWORD"}
            assert not (re.search("PASSWORD|KEY|SECRET", name) and value)
    for name in PRODUCT:
        assert set(SERVICES[name]["environment"]) <= known
        assert SERVICES[name]["env_file"] == [".env"]
    text = (ROOT / "docker-compose.yml").read_text()
    assert re.findall(r"PASSWORD: (\S+)", text) == ["${POSTGRES_PASSWORD:?set"]
    assert ".env" in (ROOT / ".gitignore").read_text().split()


def test_database_and_redis_are_reachable_from_inside_alone() -> None:
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "redis"):
        assert SERVICES[name]["networks"] == ["inside"]
        assert "ports" not in SERVICES[name]
    assert SERVICES["web"]["ports"][0].startswith("127.0.0.1:")


def test_the_image_ends_as_an_ordinary_user_with_a_command_that_exists() -> None:
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)[-1] == "10001:10001"
    (command,) = re.findall(r"^CMD (\[.*\])", DOCKERFILE, re.MULTILINE)
    words = ast.literal_eval(command)
    assert importlib.util.find_spec(words[0]) is not None
    assert importlib.util.find_spec(words[-1]) is not None
    assert f"EXPOSE {words[2].rpartition(':')[2]}" in DOCKERFILE


def test_everything_the_image_copies_exists_and_the_product_is_whole() -> None:
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert {"manage.py", "config", "fleet", "dashboards", "templates", "static"} <= set(copied)
    assert "simulator" not in copied


def test_packages_are_installed_by_hash_alone() -> None:
    installs = re.findall(r"(?:pip install|uv pip sync|npm ci|npm install)[^&\n]*", DOCKERFILE)
    assert len(installs) == 3
    for line in installs:
        assert "--require-hashes" in line or line.startswith("npm ci")
