"""What workers do while people look: beside.py SECONDS FIRST, a process of its own with a worker's priority.

Every shard's metrics are read from a CloudWatch at AWS_ENDPOINT_URL, stored, priced and summed up once in five minutes,
one shard after the other at an even pace, as ticks ring them. Each minute places are summed up and alerts evaluated,
and one endpoint in a hundred changes, as an inventory would have found it. FIRST: how many shards earlier runs did.
Prints how many shards were done, how many the pace asked for, and the CPU seconds that took.
"""

import os
import sys
import time

import django

SHARD_EVERY_S = 300
CHANGED_A_MINUTE = 0.01


def main(seconds: float, first: int) -> None:
    """Keep the pace for so long; a late shard is followed by the next one at once."""
    os.nice(10)
    django.setup()
    from django.utils import timezone

    from fleet import tasks
    from fleet.models import Endpoint, Shard
    from fleet.sync.shard import run_metrics

    shards = list(Shard.objects.order_by("pk").values_list("pk", flat=True))
    endpoints = list(Endpoint.objects.order_by("pk").values_list("pk", flat=True))
    pace = len(shards) / SHARD_EVERY_S
    changes = len(endpoints) * CHANGED_A_MINUTE / 60
    print("begun", flush=True)
    begun, done, changed, minute = time.monotonic(), 0, 0, 0
    while (passed := time.monotonic() - begun) < seconds:
        if passed >= 60 * minute:
            tasks.update_places()
            tasks.evaluate_alerts()
            minute += 1
        elif changed < passed * changes:
            moved = endpoints[(first + changed) * 37 % len(endpoints)]
            Endpoint.objects.filter(pk=moved).update(status="Updating", status_since=timezone.now())
            changed += 1
        elif done < passed * pace:
            shard = shards[(first + done) % len(shards)]
            run_metrics(shard, now=timezone.now())
            tasks.update_costs(shard)
            done += 1
        else:
            time.sleep(0.01)
    print(done, round(seconds * pace), round(time.process_time(), 1), flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
