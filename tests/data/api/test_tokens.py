"""Tokens as people handle them in Settings: made once, shown once, theirs alone, audited, ended at once."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from fleet.access import tokens
from fleet.errors import Refused
from fleet.models import ApiToken, AuditEntry
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(rows.user(role, None))
    return client


def make(client: Client, **fields: Any) -> Any:
    return client.post("/settings/tokens/new/", {"name": "nightly", "days": "30", **fields})


def test_a_secret_is_shown_in_the_answer_that_makes_it_and_never_again() -> None:
    client = signed_in("viewer")
    answer = make(client)
    secret = answer.context["made"].secret
    assert secret.startswith("flo_")
    assert len(secret) == 47
    assert secret in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    page = client.get("/settings/tokens/").content.decode()
    assert secret not in page
    assert f"flo_…{secret[-4:]}" in page
    found = tokens.check(secret, now=timezone.now())
    assert isinstance(found, ApiToken)
    assert found.expires_at - found.created_at == timedelta(days=30)


def test_making_and_revoking_are_audited_without_the_secret() -> None:
    client = signed_in("viewer")
    secret = make(client).context["made"].secret
    token = ApiToken.objects.get()
    client.post(f"/settings/tokens/{token.pk}/revoke/")
    client.post(f"/settings/tokens/{token.pk}/revoke/")
    assert tokens.check(secret, now=timezone.now()) is tokens.Rejection.REVOKED
    entries = list(AuditEntry.objects.order_by("pk"))
    assert [entry.action for entry in entries] == ["token.made", "token.revoked"]
    kept = str([(entry.before, entry.after) for entry in entries])
    assert secret not in kept
    assert token.digest not in kept


def test_people_see_and_revoke_their_own_and_admins_everybodys() -> None:
    owner, other, admin = signed_in("operator"), signed_in("viewer"), signed_in("admin")
    make(owner, name="theirs-alone")
    token = ApiToken.objects.get()
    assert "theirs-alone" not in other.get("/settings/tokens/").content.decode()
    assert other.post(f"/settings/tokens/{token.pk}/revoke/").status_code == 404
    assert ApiToken.objects.get().revoked_at is None
    assert "theirs-alone" in admin.get("/settings/tokens/").content.decode()
    assert admin.post(f"/settings/tokens/{token.pk}/revoke/").status_code == 303
    assert ApiToken.objects.get().revoked_at is not None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": ""}, "This field is required."),
        ({"days": "36500"}, "Select a valid choice"),
        ({"accounts": "999999999999"}, "Select a valid choice"),
        ({"name": "x" * 65}, "at most 64"),
    ],
)
def test_a_bad_form_is_refused_beside_its_field(fields: dict[str, str], message: str) -> None:
    rows.shard()
    answer = make(signed_in("viewer"), **fields)
    assert answer.status_code == 422
    assert message in str(answer.context["form"].errors)
    assert not ApiToken.objects.exists()


def test_a_name_serves_once_while_its_token_works() -> None:
    client = signed_in("viewer")
    make(client)
    assert make(client).status_code == 422
    ApiToken.objects.update(revoked_at=timezone.now())
    assert make(client).status_code == 200


def test_a_person_has_only_so_many_tokens_and_only_for_known_accounts() -> None:
    owner, now = rows.user("viewer", None), timezone.now()
    with pytest.raises(Refused, match="does not read"):
        tokens.make(owner, name="a", days=7, accounts=["999999999999"], now=now)
    for n in range(tokens.LIVE_PER_PERSON):
        tokens.make(owner, name=f"t{n}", days=7, now=now)
    with pytest.raises(Refused, match="revoke one first"):
        tokens.make(owner, name="one more", days=7, now=now)
    with pytest.raises(Refused, match="lifetimes"):
        tokens.make(rows.user("admin", None), name="a", days=8, now=now)


def test_only_the_owner_or_an_admin_may_revoke() -> None:
    made = tokens.make(rows.user("viewer", None), name="a", days=7, now=timezone.now())
    with pytest.raises(Refused, match="owner or an admin"):
        tokens.revoke(made.token, actor=rows.user("operator", None), now=timezone.now())


def test_the_reference_names_every_resource_and_refusal() -> None:
    page = rows.words(signed_in("viewer").get("/api/v1/docs").content.decode())
    assert "GET /api/v1/endpoints/{id}/metrics" in page
    assert "items[].figures.cold_start_share" in page
    assert "one of open, resolved, all" in page
    assert "too-many-requests" in page
    assert "now when only from is given" in page
