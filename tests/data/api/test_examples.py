"""docs/api.md is run as it stands: each example against a running server; its list of resources is the API's own."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from dashboards.api.site import document
from fleet.access import tokens
from fleet.models import ApiToken
from stack.layout import ROOT
from tests.data.api import fleet

DOCS = (ROOT / "docs" / "api.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", DOCS, flags=re.DOTALL)


def test_every_resource_is_listed_and_nothing_else() -> None:
    assert set(re.findall(r"^\| `(/api/v1/[^`]*)` \|", DOCS, flags=re.MULTILINE)) == set(document()["paths"])


@pytest.mark.django_db(transaction=True)
def test_the_examples_work(
    live_server: LiveServer, made: tokens.Made, tmp_path: Path, child_env: Any
) -> None:
    of = fleet.build()
    script = "set -e\n" + "\n".join(BLOCKS).replace("curl -s", "curl -sS --fail-with-body")
    script = script.replace("http://127.0.0.1:8000", live_server.url).replace("flo_…", made.secret)
    script = script.replace("/endpoints/1/", f"/endpoints/{of.pk}/")
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(BLOCKS) == 3
    assert '"name": "prod-faq"' in done.stdout
    assert done.stdout.endswith("304\n")
    assert ApiToken.objects.get().last_used_at is not None
