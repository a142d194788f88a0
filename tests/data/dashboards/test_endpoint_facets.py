"""The facets of the endpoint list: they count what ticking them would show."""

import csv

import pytest
from django.test import Client

from fleet.queries import endpoint_counts
from fleet.queries.endpoints import Criteria
from fleet.types import Kind
from tests.data.dashboards.rows import read
from tests.data.dashboards.test_endpoints import page
from tests.factories import (
    AccountFactory,
    EndpointFactory,
    ShardFactory,
    UserFactory,
    now,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(UserFactory())
    return client


def test_facets_count_what_ticking_them_would_show(viewer: Client) -> None:
    lab = AccountFactory(account_id="444455556666", alias="lab")
    EndpointFactory(kind=Kind.SERVERLESS, team="risk")
    EndpointFactory(kind=Kind.REAL_TIME, team="risk")
    EndpointFactory(kind=Kind.REAL_TIME, shard=ShardFactory(account=lab, region="us-east-1"))
    criteria = Criteria(kinds=(Kind.REAL_TIME,))
    found = endpoint_counts.counted(criteria).facets
    assert found.kinds == {"serverless": 1, "real-time": 2}
    assert found.teams == {"risk": 1, "none": 1}
    assert found.regions == {"eu-west-1": 1, "us-east-1": 1}
    assert found.aliases["444455556666"] == "lab"


def test_owners_and_applications_are_facets_counted_like_the_others(viewer: Client) -> None:
    EndpointFactory(name="a", kind=Kind.SERVERLESS, owner="ana", application="checkout")
    EndpointFactory(name="b", kind=Kind.REAL_TIME, owner="ana", application="search")
    EndpointFactory(name="c", kind=Kind.REAL_TIME, owner="", application="checkout")
    EndpointFactory(name="gone", owner="ana", closed_at=now())
    ticked = Criteria(owners=("ana",))
    assert endpoint_counts.counted(ticked).facets.owners == {"ana": 2, "none": 1}, (
        "its own ticks do not narrow a facet"
    )
    assert endpoint_counts.counted(ticked).facets.applications == {"checkout": 1, "search": 1}
    assert endpoint_counts.counted(Criteria(kinds=(Kind.REAL_TIME,), search="b")).facets.owners == {"ana": 1}
    html = page(viewer, "?owner=ana&kind=real-time")
    assert 'data-announce="1 endpoint"' in html
    assert "owner ana" in html
    assert '<input type="checkbox" name="kind" value="serverless"' in html
    (row,) = csv.DictReader(read(viewer, "/endpoints/endpoints.csv?owner=ana&kind=real-time").splitlines())
    assert (row["name"], row["owner"], row["application"]) == ("b", "ana", "search")


def test_of_many_owners_the_ticked_and_the_largest_are_offered(viewer: Client) -> None:
    EndpointFactory.create_batch(2, owner="large")
    for n in range(endpoint_counts.LABELS_SHOWN + 5):
        EndpointFactory(owner=f"o{n:02}")
    found = endpoint_counts.counted(Criteria(owners=("o54",))).facets.owners
    assert (len(found), found["o54"], found["large"]) == (endpoint_counts.LABELS_SHOWN, 1, 2)
    assert "Owner, most used" in page(viewer)
