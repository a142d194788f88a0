"""What stands above an endpoint's tabs: its state as it changes, and why something is old or not known."""

import pytest
from django.test import Client

from fleet.models import Endpoint, Operation
from tests.data.dashboards import rows
from tests.data.dashboards.test_endpoint_page import html, text, url

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(rows.user("viewer"))
    return client


def test_the_head_polls_while_aws_changes_it_and_stops_with_286(viewer: Client, chat: Endpoint) -> None:
    poll = {"HX-Request": "true", "HX-Target": "endpoint-head"}
    Endpoint.objects.filter(pk=chat.pk).update(status="Updating", status_since=rows.now())
    moving = viewer.get(url(chat), headers=poll)
    assert (moving.status_code, "every 5s" in moving.content.decode()) == (200, True)
    Endpoint.objects.filter(pk=chat.pk).update(status="InService")
    settled = viewer.get(url(chat), headers=poll)
    assert (settled.status_code, "every 5s" in settled.content.decode()) == (286, False)
    assert "endpoint-settled" in settled["HX-Trigger"]


def test_an_open_operation_keeps_the_head_polling(viewer: Client, chat: Endpoint) -> None:
    Operation.objects.create(
        endpoint=chat, kind="change-concurrency", form_token="t", state="running", planned_at=rows.now()
    )
    assert "every 5s" in html(viewer, url(chat))


def test_awss_words_stand_on_the_page_with_the_missing_permission(viewer: Client) -> None:
    words = "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: sagemaker:DescribeEndpoint"
    broken = rows.serverless(rows.shard(), "ghost")
    broken.unreadable = {
        "code": "AccessDeniedException",
        "message": words,
        "action": "sagemaker:DescribeEndpoint",
        "since": rows.now().isoformat(),
    }
    broken.save()
    page = text(viewer, url(broken))
    assert "Cannot be read" in page
    assert words in page
    assert "Allow sagemaker:DescribeEndpoint in the role" in page


def test_an_endpoint_without_known_variants_does_not_blame_cloudwatch(viewer: Client) -> None:
    bare = rows.serverless(rows.shard(), "bare")
    bare.variants.all().delete()
    page = text(viewer, url(bare))
    assert "Without its variants, no metric can be asked for" in page
    assert "CloudWatch reported none" not in page


def test_a_failed_metrics_section_marks_the_figures_as_old(viewer: Client) -> None:
    error = {
        "kind": "Throttled",
        "code": "ThrottlingException",
        "message": "Rate exceeded",
        "since": rows.now().isoformat(),
    }
    late = rows.serverless(rows.shard(sections={"metrics": {"ok_at": None, "error": error}}), "late")
    page = text(viewer, url(late))
    assert "Metrics could not be read since" in page
    assert "Rate exceeded" in page
