"""Celery entry points: ids in, one service call, then the next task by id. Imports stay inside the bodies,

so that the web process, which only rings these doorbells, never loads boto3.
"""

from celery import Task, shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.utils import timezone

RING_LASTS_S = 60
"""However quick the ticks are, a busy worker gets round to a ring in this time."""


@shared_task(name="fleet.tick", soft_time_limit=40, time_limit=55)
def tick() -> None:
    """Every minute: ask the database what is due and ring its doorbell. Two beats at once do no harm."""
    from fleet import cache_judging, cold_start_days, heartbeat, rollups, scaling_check
    from fleet.access import accounts
    from fleet.advice import runs
    from fleet.operations import recover
    from fleet.planning import predictions
    from fleet.sync import billing, due

    now = timezone.now()
    heartbeat.beat(now)
    due.ring(
        now,
        inventory=lambda *pks: _ring(sync_shards, *pks, expires_s=settings.INVENTORY_INTERVAL_S),
        metrics=lambda pk: _ring(sync_metrics, pk, expires_s=settings.METRICS_INTERVAL_S),
        backfill=lambda pk: _ring(backfill_metrics, pk),
        prices=lambda: _ring(sync_prices, expires_s=due.PRICES_CLAIM_S),
    )
    for account_id in billing.claim(now):
        _ring(read_bill, account_id, expires_s=billing.RETRY_AFTER.total_seconds())
    for operation_id in recover.due(now):
        _ring(run_operation, operation_id)
    for shard_ids in rollups.overdue(now):
        _ring(update_costs, *shard_ids)
    _ring(update_places)
    if cached := cache_judging.overdue(now):
        _ring(judge_caches, *cached)
    for account_id in accounts.unchecked():
        _ring(check_account, account_id)
    for prediction_id in predictions.due(now):
        _ring(compare_prediction, prediction_id)
    if uncounted := cold_start_days.due(now):
        _ring(count_causes, *uncounted)
    if unlinted := scaling_check.due(now):
        _ring(check_scaling, *unlinted)
    if runs.is_due(now):
        _ring(advise)
    _ring(evaluate_alerts)
    _ring(deliver_notifications)


def _ring(task: "Task[..., None]", *ids: int, expires_s: float | None = None) -> None:
    """Send a message that is dropped once later ones like it are due: a day without workers leaves no day of runs."""
    task.apply_async(ids, expires=expires_s or max(settings.TICK_INTERVAL_S, RING_LASTS_S))


@shared_task(name="fleet.check_account", soft_time_limit=240, time_limit=300)
def check_account(account_id: int) -> None:
    """Ask AWS whose credentials an account's roles give, what they may do and which regions there are."""
    from fleet.sync.account_check import check

    check(account_id, now=timezone.now())


@shared_task(name="fleet.sync_shards", soft_time_limit=240, time_limit=300)
def sync_shards(*shard_ids: int) -> None:
    """The routine inventory of several shards, side by side."""
    from fleet.sync.many import run

    run(shard_ids, now=timezone.now)


@shared_task(name="fleet.retry_shards", soft_time_limit=240, time_limit=300)
def retry_shards(*shard_ids: int) -> None:
    """Whole inventories of many shards, as somebody asked for them: handed on in portions that workers share."""
    from fleet.sync.due import TOGETHER

    for first in range(0, len(shard_ids), TOGETHER):
        sync_whole.delay(*shard_ids[first : first + TOGETHER])


@shared_task(name="fleet.sync_whole", soft_time_limit=240, time_limit=300)
def sync_whole(*shard_ids: int) -> None:
    """The inventory of several shards side by side, leaving nothing out."""
    from fleet.sync.many import run

    run(shard_ids, now=timezone.now, is_routine=False)


@shared_task(name="fleet.sync_due", soft_time_limit=240, time_limit=300)
def sync_due(*shard_ids: int) -> None:
    """The routine inventory of those of the shards that are due: events asked for it."""
    from fleet.sync import due, many, push

    outcomes = many.run(due.claim_inventory(shard_ids, timezone.now()), now=timezone.now)
    # The run that held them may have listed before the event's change.
    push.mark([outcome.shard_id for outcome in outcomes if outcome.held], timezone.now())


@shared_task(name="fleet.sync_inventory", soft_time_limit=240, time_limit=300)
def sync_inventory(shard_id: int) -> None:
    """Mirror endpoints, configs, models, tags, scaling and quotas of one shard, leaving nothing out."""
    from fleet.sync.shard import run_inventory

    run_inventory(shard_id, now=timezone.now())


@shared_task(name="fleet.sync_metrics", soft_time_limit=240, time_limit=300)
def sync_metrics(shard_id: int) -> None:
    """Fetch the newest buckets of one shard, then have its costs brought up to date."""
    from fleet.sync.shard import run_metrics

    run_metrics(shard_id, now=timezone.now())
    update_costs.delay(shard_id)


@shared_task(name="fleet.backfill_metrics", soft_time_limit=540, time_limit=600)
def backfill_metrics(shard_id: int) -> None:
    """Fetch one more slice of the shard's hourly history; the tick rings again until it is complete."""
    from fleet.sync.shard import run_backfill

    run_backfill(shard_id, now=timezone.now())
    update_costs.delay(shard_id)


@shared_task(name="fleet.sync_prices", soft_time_limit=240, time_limit=300)
def sync_prices() -> None:
    """Refresh the price list of every region in use."""
    from fleet.sync.prices import refresh

    refresh(now=timezone.now())


@shared_task(name="fleet.read_bill", soft_time_limit=240, time_limit=300)
def read_bill(account_id: int) -> None:
    """Ask Cost Explorer what one account was billed, where its settings say so."""
    from fleet.sync.billing import read

    read(account_id, now=timezone.now())


@shared_task(name="fleet.update_costs", soft_time_limit=240, time_limit=300)
def update_costs(*shard_ids: int) -> None:
    """Bring the daily costs of some shards up to date, then the summaries that rest on them."""
    from fleet import ledger, rollups

    now = timezone.now()
    days = {shard_id: ledger.update_shard(shard_id, now=now) for shard_id in shard_ids}
    changed = [shard_id for shard_id, count in days.items() if count > rollups.USUAL_DAYS]
    rollups.update_shards(shard_ids, now=now, with_history=changed)


@shared_task(name="fleet.update_places", soft_time_limit=240, time_limit=300)
def update_places() -> None:
    """Add up the accounts' and regions' traffic and costs of the days that changed."""
    from fleet.rollups import update_places

    update_places()


@shared_task(name="fleet.count_causes", soft_time_limit=240, time_limit=300)
def count_causes(*shard_ids: int) -> None:
    """Count why calls of some shards started cold in the hours that settled."""
    from fleet import cold_start_days

    cold_start_days.count(shard_ids)


@shared_task(name="fleet.fetch_minutes", soft_time_limit=240, time_limit=300)
def fetch_minutes(fetch_id: int) -> None:
    """Fetch the minutes that a planner lacks, then have its forecast worked out anew."""
    from fleet.planning import minutes as wishes
    from fleet.sync import minutes

    if minutes.fetch(fetch_id, clock=timezone.now):
        wishes.fetched(fetch_id, now=timezone.now())


@shared_task(name="fleet.plan_variant", soft_time_limit=240, time_limit=300)
def plan_variant(forecast_id: int) -> None:
    """Work out the cold-start forecast that somebody waits for, one at a time: alerts share the workers."""
    from fleet.planning import forecasts

    if forecasts.is_another_under_way(forecast_id, now=timezone.now()):
        plan_variant.apply_async((forecast_id,), countdown=forecasts.TURN_S)
        return
    try:
        forecasts.work_out(forecast_id, clock=timezone.now)
    except SoftTimeLimitExceeded:
        forecasts.give_up(forecast_id, forecasts.TOO_LONG, now=timezone.now())


@shared_task(name="fleet.compare_prediction", soft_time_limit=240, time_limit=300)
def compare_prediction(prediction_id: int) -> None:
    """Hold what was forecast of an operation against what came after it."""
    from fleet.planning.predictions import compare

    compare(prediction_id, now=timezone.now())


@shared_task(name="fleet.judge_caches", soft_time_limit=240, time_limit=300)
def judge_caches(*shard_ids: int) -> None:
    """Judge the model caches of some shards, and what would help each."""
    from fleet.cache_judging import judge

    judge(shard_ids, now=timezone.now())


@shared_task(name="fleet.advise", soft_time_limit=540, time_limit=600)
def advise() -> None:
    """Look at the whole fleet for what would be better, where a look is due and no other worker has it."""
    from fleet.advice import runs

    if runs.claim(timezone.now()):
        runs.look(timezone.now)


@shared_task(name="fleet.check_scaling", soft_time_limit=240, time_limit=300)
def check_scaling(*shard_ids: int) -> None:
    """Look at how the endpoints of some shards scale, and keep what is wrong with it."""
    from fleet import scaling_check

    for shard_id in shard_ids:
        scaling_check.check(shard_id, now=timezone.now())


@shared_task(name="fleet.evaluate_alerts", soft_time_limit=50, time_limit=60)
def evaluate_alerts() -> None:
    """Open, collect and resolve incidents; remind of endpoints about to expire."""
    from fleet.alerts import expiry
    from fleet.alerts.evaluate import evaluate

    now = timezone.now()
    evaluate(now=now)
    expiry.remind(now=now)


@shared_task(name="fleet.run_operation", soft_time_limit=240, time_limit=300)
def run_operation(operation_id: int) -> None:
    """Carry an operation on from where it stands; returns when it ended or waits for AWS."""
    from fleet.operations.execute import advance

    retry_in_s = advance(operation_id, now=timezone.now())
    if retry_in_s is not None:
        run_operation.apply_async((operation_id,), countdown=retry_in_s)


@shared_task(name="fleet.deliver_notifications", soft_time_limit=240, time_limit=300)
def deliver_notifications() -> None:
    """Send the mails that are due."""
    from fleet.alerts.deliver import deliver_due

    deliver_due(now=timezone.now())
