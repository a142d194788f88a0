"""Who may read what over the API: every route against every way a token can fail, and against another account's."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from dashboards.api.site import document
from fleet.access import people, tokens
from fleet.models import ApiToken, Endpoint, Incident, Operation, User
from tests.data.api import fleet
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db
Get = Callable[..., Any]
PATHS = sorted(document()["paths"])
METRIC = {"metric": "Invocations", "statistic": "Sum"}


def url(path: str, of: Endpoint | None = None) -> str:
    """The path with ids of the endpoint's rows, or of nothing."""
    incident = Incident.objects.filter(endpoint=of).first() if of else None
    operation = Operation.objects.filter(endpoint=of).first() if of else None
    is_incident = path.startswith("/api/v1/incidents")
    number = incident.pk if is_incident and incident else of.pk if of else 1
    return path.replace("{id}", str(number)).replace("{code}", operation.code if operation else "0a")


def query(path: str) -> dict[str, str]:
    return METRIC if path.endswith("{id}/metrics") else {}


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def problem(response: Any) -> tuple[int, str]:
    """Status and kind; every refusal has the same five members."""
    assert response["Content-Type"] == "application/problem+json"
    assert set(response.json()) == {"type", "title", "status", "detail", "errors"}
    assert response.json()["status"] == response.status_code
    return response.status_code, response.json()["type"].partition("#")[2]


def test_only_a_token_that_works_reads(made: tokens.Made, client: Client) -> None:
    of = fleet.build()

    def refusals(**headers: str) -> set[tuple[int, str]]:
        return {problem(client.get(url(path, of), query(path), headers=headers)) for path in PATHS}

    for path in PATHS:
        assert client.get(url(path, of), query(path), headers=bearer(made.secret)).status_code == 200, path
    assert refusals() == {(401, "no-token")}
    assert refusals(Authorization="Basic dmVyYTp4") == {(401, "no-token")}
    assert refusals(**bearer("flo_" + "x" * 43)) == {(401, "invalid-token")}
    assert refusals(**bearer(made.secret.swapcase())) == {(401, "invalid-token")}
    ApiToken.objects.update(expires_at=timezone.now())
    assert refusals(**bearer(made.secret)) == {(401, "invalid-token")}
    ApiToken.objects.update(expires_at=timezone.now() + timedelta(days=1), revoked_at=timezone.now())
    assert refusals(**bearer(made.secret)) == {(401, "invalid-token")}


def test_a_session_is_no_token_and_nothing_but_get_is_answered(made: tokens.Made) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(rows.user("admin", None))
    for path in PATHS:
        assert problem(strict.get(url(path))) == (401, "no-token"), path
        for method in ("post", "put", "patch", "delete", "head", "options"):
            response = getattr(strict, method)(url(path), headers=bearer(made.secret))
            assert (response.status_code, response["Allow"]) == (405, "GET"), (method, path)


def test_a_token_bound_to_an_account_sees_nothing_of_another(client: Client) -> None:
    mine, other = fleet.build(), fleet.build("444455556666", "secret")
    made = tokens.make(
        rows.user("operator", None), name="bound", days=7, accounts=["111122223333"], now=timezone.now()
    )
    headers = bearer(made.secret)
    for path in PATHS:
        seen = client.get(url(path, mine), query(path), headers=headers)
        assert seen.status_code == 200, path
        assert "secret" not in seen.content.decode(), path
        assert "444455556666" not in seen.content.decode(), path
        if "{" in path:
            assert problem(client.get(url(path, other), query(path), headers=headers)) == (404, "not-found")
        elif path != "/api/v1/metrics":
            refused = client.get(url(path), {**query(path), "account": "444455556666"}, headers=headers)
            assert problem(refused) == (403, "outside-token"), path


def test_a_disabled_owner_ends_the_token_at_once(made: tokens.Made, get: Get) -> None:
    assert get("metrics").status_code == 200
    admin = rows.user("admin", None)
    owner = made.token.owner
    people.change(owner.pk, email="", role="viewer", is_active=False, receives_alerts=False, actor=admin)
    assert problem(get("metrics")) == (401, "invalid-token")


def test_every_refusal_asks_for_a_bearer_token(client: Client) -> None:
    assert client.get("/api/v1/metrics")["WWW-Authenticate"].startswith("Bearer ")


def test_a_path_that_does_not_exist_is_a_problem_too(get: Get) -> None:
    assert problem(get("nothing/here")) == (404, "not-found")
    assert problem(get("endpoints/99999")) == (404, "not-found")


def test_the_document_needs_a_token_or_a_session(client: Client, get: Get) -> None:
    assert problem(client.get("/api/v1/openapi.json")) == (401, "no-token")
    assert get("openapi.json").json()["openapi"].startswith("3.1")
    client.force_login(User.objects.get(username="viewer"))
    assert client.get("/api/v1/openapi.json").status_code == 200


def test_the_secret_is_stored_nowhere_and_logged_nowhere(
    made: tokens.Made, get: Get, capfd: Any, caplog: Any
) -> None:
    get("endpoints")
    get("endpoints", secret=f"{made.secret}x")
    stored = str(list(ApiToken.objects.values()))
    said = caplog.text + "".join(capfd.readouterr())
    assert made.secret not in stored + said
    assert made.token.digest not in said


def test_use_is_noted_once_a_minute_with_the_address(made: tokens.Made, get: Get) -> None:
    get("metrics")
    first = ApiToken.objects.get().last_used_at
    assert first is not None
    assert ApiToken.objects.get().last_used_from == "127.0.0.1"
    get("metrics")
    assert ApiToken.objects.get().last_used_at == first


def test_a_minute_holds_so_many_requests_and_says_what_is_left(get: Get, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 2
    answers = [get("metrics") for _ in range(6)]
    last = answers[-1]
    assert answers[0]["RateLimit-Limit"] == "2"
    assert problem(last) == (429, "too-many-requests"), "six requests cannot lie in three minutes"
    assert last["RateLimit-Remaining"] == "0"
    assert 0 < int(last["Retry-After"]) <= 60


def test_without_redis_everybody_is_answered(get: Get, settings: Any, port: int) -> None:
    settings.API_REQUESTS_PER_MINUTE = 1
    settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
    answers = [get("metrics") for _ in range(4)]
    assert {answer.status_code for answer in answers} == {200}
    assert "RateLimit-Limit" not in answers[0]
    assert django_settings.REDIS_URL.endswith(f":{port}/0")
