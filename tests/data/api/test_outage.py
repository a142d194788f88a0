"""A database that is away: every resource says so as a problem document, and when to ask again."""

import subprocess
import sys

from stack.layout import ROOT

ASK = """
import json
import django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["OPTIONS"]["pool"]["timeout"] = 0.5
from django.test import Client
for path in ("/api/v1/endpoints", "/api/v1/sync", "/api/v1/openapi.json"):
    answer = Client().get(path, headers={"Authorization": "Bearer flo_x", "Host": "localhost"})
    print(json.dumps([answer.status_code, answer["Content-Type"], answer["Retry-After"], answer.json()["type"]]))
"""


def test_a_database_that_is_away_is_told_as_a_problem(child_env: dict[str, str], port: int) -> None:
    env = {**child_env, "DATABASE_URL": f"postgresql://nobody@127.0.0.1:{port}/nothing"}
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    told = [503, "application/problem+json", "15", "/api/v1/docs#database-away"]
    assert done.stdout.splitlines() == [str(told).replace("'", '"')] * 3, done.stderr
