"""The planner's page: it waits, answers with ranges, holds limits against each other, and leads to the form."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboards import wording
from dashboards.planner import words
from fleet.models import Endpoint, MinuteFetch, Operation, PlannedForecast, Prediction
from fleet.planning import forecasts, minutes
from tests.data.dashboards import rows
from tests.data.planning import calls

pytestmark = pytest.mark.django_db
PART = {"HX-Request": "true", "HX-Target": "planner-answer"}


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(rows.user("operator"))
    return client


@pytest.fixture
def endpoint() -> Endpoint:
    """Forecast from two days of bursts."""
    found = calls.serverless()
    calls.bursts(found, rows.hour() - timedelta(hours=48), 48)
    calls.planned(found)
    return found


def address(of: Endpoint, query: str = "") -> str:
    return reverse("endpoints:planner", args=[of.pk]) + query


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return rows.words(answer.content.decode())


def test_the_first_look_waits_and_polls_until_a_worker_answered(operator: Client) -> None:
    endpoint = calls.serverless()
    calls.bursts(endpoint, rows.hour() - timedelta(hours=30), 30)
    page = operator.get(address(endpoint)).content.decode()
    assert "Working out the forecast" in page
    assert 'hx-trigger="every 5s, poll-now"' in page
    assert "http-equiv" in page, "without JavaScript the page is loaded again"
    assert operator.get(address(endpoint), headers=PART).status_code == 200
    forecasts.work_out(PlannedForecast.objects.get().pk, clock=timezone.now, effort=calls.QUICK)
    settled = operator.get(address(endpoint), headers=PART)
    assert (settled.status_code, "every 5s" in settled.content.decode()) == (286, False)
    assert "Every way" in settled.content.decode()


def test_levels_stand_with_ranges_price_and_how_sure_they_are(operator: Client, endpoint: Endpoint) -> None:
    answer = operator.get(address(endpoint))
    page = rows.words(answer.content.decode())
    assert "Nothing provisioned today: " in page
    assert "4 provisioned" in page
    assert "How sure this is" in page
    assert "AWS nowhere says that it is emitted on cold starts only" in page
    found = {row.name: row for row in answer.context["rows"]}
    assert found["Nothing provisioned"].is_today
    assert found["Nothing provisioned"].spilled == ("all", "")
    assert "provisioned_concurrency=4" in found["4 provisioned"].form_url
    (table, *_) = answer.context["lines"]
    total = sum(float(row[3].replace(",", "")) for row in table.rows)
    assert total == pytest.approx(float(found["Nothing provisioned"].usd), abs=0.02)


def test_it_leads_to_the_form_filled_in_and_the_plan_keeps_what_was_forecast(
    operator: Client, endpoint: Endpoint
) -> None:
    found = {row.name: row for row in operator.get(address(endpoint)).context["rows"]}
    form = operator.get(found["4 provisioned"].form_url)
    fields = form.context["form"]
    sent = {name: str(fields[name].value() or "") for name in fields.fields}
    assert (sent["max_concurrency"], sent["provisioned_concurrency"]) == ("20", "4")
    planned = operator.post(form.request["PATH_INFO"], sent)["Location"]
    assert Prediction.objects.get().operation == Operation.objects.get()
    page = text(operator, planned)
    assert "What the planner forecast" in page
    assert "held against what comes 1, 7 and 14 days after" in page


def test_limits_that_contradict_are_explained_and_wrong_ones_stand_beside_their_field(
    operator: Client, endpoint: Endpoint
) -> None:
    contradiction = text(operator, address(endpoint, "?budget=1&cold=0.001"))
    assert "contradict each other" in contradiction or "Nothing keeps" in contradiction
    page = operator.get(address(endpoint, "?budget=lots&cold=300")).content.decode()
    assert 'id="id_budget_error"' in page
    assert "Enter dollars a month, 0 or more." in page
    assert "Enter a share of calls in percent, 0 to 100." in page
    assert 'value="lots"' in page


def test_what_does_not_pay_is_called_not_worth_it_with_its_price(
    operator: Client, endpoint: Endpoint
) -> None:
    answer = operator.get(address(endpoint, "?worth=0.000001"))
    page = rows.words(answer.content.decode())
    assert "Not worth it" in page
    assert re.search(r"Each cold start avoided would cost \$[\d.,]+ at least", page)
    assert any(row.each.startswith("not worth it") for row in answer.context["rows"])
    dear = operator.get(address(endpoint, "?worth=1000"))
    assert dear.context["choice"].option.top >= 4
    assert not dear.context["choice"].option.is_today


def test_what_is_missing_is_said_and_no_number_given(operator: Client) -> None:
    endpoint = calls.serverless()
    calls.planned(endpoint)
    page = text(operator, address(endpoint))
    assert "No forecast can be stood behind yet" in page
    assert "reported no call in the 14 days" in page
    assert "Every way" not in page
    assert "Only serverless endpoints start cold" in text(
        operator, address(rows.multi_model(rows.shard("eu-west-2"), "mme"))
    )


def test_a_viewer_sees_the_answer_and_why_it_is_not_theirs_to_apply(
    client: Client, endpoint: Endpoint
) -> None:
    assert client.get(address(endpoint)).status_code == 302
    client.force_login(rows.user("viewer"))
    page = client.get(address(endpoint)).content.decode()
    assert "needs the role operator" in page
    assert "change-concurrency" not in page


def test_the_curve_marks_today_and_the_chosen_way(operator: Client, endpoint: Endpoint) -> None:
    payload = operator.get(reverse("endpoints:planner_chart", args=[endpoint.pk]) + "?worth=1000").json()
    traces = {trace["name"]: trace for trace in payload["data"]}
    assert len(traces["Today"]["x"]) == len(traces["Chosen"]["x"]) == 1
    assert traces["Today"]["x"] < traces["Chosen"]["x"]
    assert traces["Today"]["y"] > traces["Chosen"]["y"]


def test_nobody_is_kept_waiting_by_queries(
    operator: Client, endpoint: Endpoint, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(15):
        operator.get(address(endpoint))


def test_cold_start_pages_lead_here_and_say_the_first_step(operator: Client, endpoint: Endpoint) -> None:
    step = PlannedForecast.objects.get()
    fleet = operator.get(reverse("cold_starts:page")).content.decode()
    assert address(endpoint) in fleet
    assert step.step_usd is not None
    assert "fewer" in rows.words(fleet)
    tab = text(operator, reverse("endpoints:tab", args=[endpoint.pk, "cold-starts"]) + "?range=7d")
    assert "Fewer cold starts: what would it cost?" in tab
    assert "Nothing provisioned today" in tab


def test_two_weeks_of_office_hours_are_offered_as_a_schedule_with_its_price_and_planned_with_one_form(
    operator: Client,
) -> None:
    endpoint = calls.serverless(provisioned=1)
    calls.office_weeks(endpoint, provisioned=1)
    calls.planned(endpoint)
    answer = operator.get(address(endpoint))
    page = rows.words(answer.content.decode())
    held = answer.context["plan"]
    offered = {one.name: one for one in answer.context["weekly"]}
    assert {schedule.window is None for schedule in held.schedules} == {True, False}, page
    for schedule in held.schedules:
        option = held.option_of(schedule.option)
        one = offered[words.name(option)]
        assert f"cold starts and {wording.usd(option.usd)} a month" in page
        assert schedule.gain > 0.05
        fixed = held.of_level(schedule.fixed_level)
        assert option.usd is not None
        assert 0 < option.usd < held.of_level(max(schedule.hours)).usd, (
            "cheaper than its highest level all week"
        )
        assert option.cold.likely < held.of_level(0).cold.likely
        assert fixed is not None
        monday = schedule.hours[:24]
        assert monday[9] > monday[3] == min(schedule.hours) == 1, "Application Auto Scaling keeps one"

        form = operator.get(one.form_url)
        fields = form.context["form"]
        sent = {name: str(fields[name].value() or "") for name in fields.fields} | {"reason": "office hours"}
        planned = operator.post(form.request["PATH_INFO"], sent)
        assert planned.status_code in (302, 303), rows.words(planned.content.decode())[:600]
        operation = Operation.objects.latest("pk")
        assert (operation.kind, operation.parameters["way"]) == (
            "change-schedule", "weekly" if schedule.window else "week",
        )  # fmt: skip
        writes = [step for step in operation.plan["steps"] if step["action"] == "put-scheduled-action"]
        assert len(writes) == (2 if schedule.window else len(schedule.actions))
        assert operation.monthly_cost_change_usd is not None
        kept = Prediction.objects.get(operation=operation)
        assert (kept.option, kept.level_low, kept.level_high) == (option.name, 1, max(schedule.hours))
        assert "What the planner forecast" in text(operator, planned["Location"])


def test_a_policy_is_planned_with_one_form_and_its_forecast_kept(operator: Client) -> None:
    endpoint = calls.serverless(provisioned=1)
    calls.bursts(endpoint, rows.hour() - timedelta(hours=48), 48, provisioned=1)
    calls.planned(endpoint)
    (first, *_) = operator.get(address(endpoint)).context["trackings"]
    form = operator.get(first.form_url)
    fields = form.context["form"]
    sent = {name: str(fields[name].value() or "") for name in fields.fields} | {"reason": "follow it"}
    planned = operator.post(form.request["PATH_INFO"], sent)
    assert planned.status_code in (302, 303), rows.words(planned.content.decode())[:600]
    operation = Operation.objects.get()
    assert [step["action"] for step in operation.plan["steps"]] == [
        "read-schedule", "register-scaling", "put-scaling-policy", "prove-schedule",
    ]  # fmt: skip
    assert Prediction.objects.get().option == first.name[0].lower() + first.name[1:]
    shown = text(operator, planned["Location"])
    assert "PutScalingPolicy" in shown
    assert "The policy decides on the level" in shown
    assert "TargetTrackingScalingPolicyConfiguration" in shown


def test_what_is_not_provisioned_yet_is_provisioned_first(operator: Client, endpoint: Endpoint) -> None:
    (first, *_) = operator.get(address(endpoint)).context["trackings"]
    assert first.is_first_of_two
    assert "change-concurrency" in first.form_url
    assert "provisioned_concurrency=1" in first.form_url


def test_minutes_that_are_missing_are_said_with_progress_price_and_what_keeps_them(operator: Client) -> None:
    endpoint = calls.serverless()
    endpoint.first_seen_at = rows.hour() - timedelta(hours=10)
    endpoint.save()
    calls.bursts(endpoint, rows.hour() - timedelta(hours=30), 30)
    tab = text(operator, reverse("endpoints:tab", args=[endpoint.pk, "cold-starts"]) + "?range=7d")
    assert "Opening it reads up to 14 days of minutes once: at most 80 metrics" in tab
    page = text(operator, address(endpoint))
    assert "Reading minutes from before the first look: 0 days of 12.6 days." in page
    assert "asks CloudWatch for 80 metrics, $0.000800" in page
    assert "http-equiv" in operator.get(address(endpoint)).content.decode()
    row = MinuteFetch.objects.get()
    until = row.wanted_until - timedelta(days=6)
    MinuteFetch.objects.update(done_from=until)
    assert "6 days of 12.6 days" in text(operator, address(endpoint))
    MinuteFetch.objects.update(
        stop="budget", failure="The budget is spent.", ended_at=timezone.now(), metrics=32
    )
    minutes.fetched(row.pk, now=timezone.now())
    forecasts.work_out(PlannedForecast.objects.get().pk, clock=timezone.now, effort=calls.QUICK)
    page = text(operator, address(endpoint))
    assert "are missing. The budget is spent. The rest is fetched after 00:00 UTC" in page
    assert "32 metrics, $0.000320" in page
    assert "Every way" in page
