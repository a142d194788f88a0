"""The CSV of the Billed page: one row per account, day, region and item, with the gap and each part of it."""

import csv
import io
from collections.abc import Iterable, Iterator

from fleet.costs.bill_words import Cause
from fleet.queries.billing import Compared
from fleet.queries.export import defused

HEAD = (
    "day", "account_id", "account", "region", "component", "item",
    "estimated_usd", "billed_usd", "gap_usd", "may_change",
    *(f"gap_{cause.value.replace('-', '_')}_usd" for cause in Cause),
)  # fmt: skip


def lines(found: Iterable[Compared]) -> Iterator[str]:
    """CSV text line by line, the head first; what has no estimate is an empty cell, the parts of a row its gap."""
    yield _text(HEAD)
    for each in found:
        account = each.standing.account
        for line in each.lines:
            place = (account.account_id, account.alias, line.region, line.component, line.item)
            yield _text(
                (
                    line.day.isoformat(),
                    *map(defused, place),
                    "" if line.estimate is None else f"{line.estimate:f}",
                    f"{line.billed:f}",
                    f"{line.gap:f}",
                    "yes" if line.is_estimated else "no",
                    *(f"{line.parts[cause]:f}" if cause in line.parts else "" for cause in Cause),
                )
            )


def _text(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()
