"""What a process loads and what production settings leave open, seen from fresh processes."""

import json
import subprocess
import sys
from collections.abc import Mapping

from stack.layout import ROOT

PRODUCTION = {
    "FLOTILLA_DEBUG": "false",
    "FLOTILLA_BASE_URL": "https://flotilla.example.com",
    "FLOTILLA_ALLOWED_HOSTS": "flotilla.example.com",
    "FLOTILLA_HTTPS": "true",
}


def python(code: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=dict(env), capture_output=True, text=True, check=False
    )


def test_the_web_process_never_loads_boto3(child_env: dict[str, str]) -> None:
    code = (
        "import json, sys, config.wsgi\n"
        "from django.urls import get_resolver\n"
        "assert get_resolver().url_patterns\n"
        "import fleet.tasks\n"
        "print(json.dumps(sorted(set(sys.modules) & {'boto3', 'botocore', 'fleet.aws', 'fleet.sync'})))"
    )
    done = python(code, child_env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_a_worker_spares_what_it_consists_of_the_search_for_garbage(child_env: dict[str, str]) -> None:
    code = (
        "import gc\n"
        "from celery.signals import worker_init\n"
        "from config.celery import app\n"
        "app.loader.init_worker()\n"
        "worker_init.send(sender=app)\n"
        "print(gc.get_freeze_count() > 10_000, gc.get_threshold())"
    )
    done = python(code, child_env)
    assert done.stdout.splitlines()[-1:] == ["True (10000, 20, 20)"], done.stderr


def test_production_settings_pass_the_deployment_checks(db: None, child_env: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=child_env | PRODUCTION,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_missing_setting_stops_the_start_in_one_line(child_env: dict[str, str]) -> None:
    env = {name: value for name, value in child_env.items() if name != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert done.stderr.strip().startswith("flotilla: DATABASE_URL is not set.")
    assert "Traceback" not in done.stderr
