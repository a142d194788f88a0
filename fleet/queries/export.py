"""Records as files, line by line: CSV for spreadsheets, JSON for programs. What the records hold: records.py."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class _Line:
    """What csv.writer writes into: it hands each line on instead of keeping it."""

    def write(self, text: str) -> str:
        return text


def csv_lines(columns: Sequence[str], records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The head, then a line for each record; nested values as JSON text, an empty cell is "not known", never zero."""
    writer = csv.writer(_Line())
    yield writer.writerow(columns)
    for record in records:
        yield writer.writerow([_cell(record[column]) for column in columns])


def json_lines(columns: Sequence[str], records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A JSON array, one record a line. Money is text, so that no digit is lost."""
    opening = "["
    for record in records:
        shown = {column: record[column] for column in columns}
        yield f"{opening}\n{json.dumps(shown, default=_text, ensure_ascii=False)}"
        opening = ","
    yield "[]\n" if opening == "[" else "\n]\n"


def defused(cell: str) -> str:
    """A cell that a spreadsheet shows as text: what would start a formula gets a quote before it."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, int | datetime | Decimal):
        return _text(value)
    if isinstance(value, dict | list):
        return json.dumps(value, default=_text, ensure_ascii=False)
    return defused(str(value))


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in an export")
