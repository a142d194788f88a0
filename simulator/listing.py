"""The filters, order and pages that SageMaker's List calls share."""

from __future__ import annotations

from typing import Any

from simulator.paging import page

DEFAULT_PAGE = 10
PAST = {"CreationTimeAfter": "CreationTime", "LastModifiedTimeAfter": "LastModifiedTime"}
FUTURE = {"CreationTimeBefore": "CreationTime", "LastModifiedTimeBefore": "LastModifiedTime"}


def listing(
    rows: list[dict[str, Any]], params: dict[str, Any], key: str, name: str, status: str = ""
) -> dict[str, Any]:
    """Rows filtered, sorted and paged as the parameters ask. Default: newest first, ten a page."""
    part = params.get("NameContains", "").lower()
    kept = [row for row in rows if part in row[name].lower()]
    if status and "StatusEquals" in params:
        kept = [row for row in kept if row[status] == params["StatusEquals"]]
    for param, column in PAST.items():
        if param in params:
            kept = [row for row in kept if row.get(column) and row[column] > params[param]]
    for param, column in FUTURE.items():
        if param in params:
            kept = [row for row in kept if row.get(column) and row[column] < params[param]]
    columns = {"Name": name, "CreationTime": "CreationTime", "Status": status or name}
    column = columns[params.get("SortBy", "CreationTime")]
    descending = params.get("SortOrder", "Descending") == "Descending"
    kept.sort(key=lambda row: (row[column], row[name]), reverse=descending)
    shown, token = page(kept, params.get("NextToken"), params.get("MaxResults", DEFAULT_PAGE))
    return {key: shown, "NextToken": token}
