"""The OpenAPI document is the contract: generated requests find no fault, and no answer outside of it."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from dashboards.api.site import document
from fleet.access import tokens
from fleet.models import Incident, Operation
from tests.data.api import fleet

pytestmark = pytest.mark.django_db

# A copy, as a client reads it: schemathesis rewrites what it is given.
contract = schemathesis.openapi.from_dict(json.loads(json.dumps(document())))
contract.app = get_wsgi_application()
contract.config.update(base_url="http://testserver")
# Every boundary of every parameter takes a minute; a few draws of each, also wrong ones, take seconds.
contract.config.phases.coverage.enabled = False
contract.config.generation.update(
    modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE], with_security_parameters=False
)
BEYOND_SCHEMA: list[Any] = [positive_data_acceptance]
"""A schema cannot say that `from` lies before `to`, or that a cursor came from this list: such requests get a 422."""


@pytest.fixture
def _inside_the_test() -> Iterator[None]:
    """Requests share the test's transaction, which Django would end with the connection, as its own client has it."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def ids() -> dict[str, Any]:
    """Values of path parameters that name a row."""
    endpoint = fleet.build()
    return {
        "/api/v1/endpoints/{id}": endpoint.pk,
        "/api/v1/endpoints/{id}/metrics": endpoint.pk,
        "/api/v1/incidents/{id}": Incident.objects.values_list("pk", flat=True)[0],
        "/api/v1/operations/{code}": Operation.objects.values_list("code", flat=True)[0],
    }


@pytest.mark.usefixtures("_inside_the_test")
@contract.parametrize()
@settings(
    max_examples=15,
    deadline=timedelta(seconds=5),
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_generated_requests_find_no_fault_and_nothing_undocumented(
    case: Case, ids: dict[str, Any], made: tokens.Made, settings: Any
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 10**6
    headers = {"Authorization": f"Bearer {made.secret}", "Accept-Encoding": "identity"}
    case.call_and_validate(headers=headers, excluded_checks=BEYOND_SCHEMA)
    if case.path in ids:
        name = re.findall(r"\{(\w+)\}", case.path)[0]
        case.path_parameters = {name: ids[case.path]}
        case.call_and_validate(headers=headers, excluded_checks=[*BEYOND_SCHEMA, negative_data_rejection])
