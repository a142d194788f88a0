"""Rows written by one statement per table: what bulk_create and bulk_update do, at a fraction of their CPU.

The rows travel as one JSON text, which PostgreSQL takes apart by the columns' types; Django would build and quote an
expression for each value of each row.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection, models

from fleet.sync.chunks import chunks

AT_ONCE = 1000


@dataclass(frozen=True)
class _Column:
    """A column as a row's attribute, its name and its type in the database, both ready for SQL."""

    attribute: str
    key: str
    name: str
    kind: str
    field: "models.Field[Any, Any]"

    def value(self, row: models.Model) -> Any:
        found = getattr(row, self.attribute)
        if found is None and self.field.is_relation:
            # The parent may have been saved after it was given to the row.
            parent = row._state.fields_cache.get(self.field.name)
            if parent is not None:
                found = parent.pk
                setattr(row, self.attribute, found)
        return found


def insert(rows: Iterable[models.Model]) -> None:
    """Insert rows of one model and give them their ids; nothing of theirs is read back but those."""
    for portion in chunks(rows, AT_ONCE):
        statement, columns = _insertion(type(portion[0]))
        with connection.cursor() as cursor:
            cursor.execute(statement, [_text(portion, columns)])
            for row, (pk,) in zip(portion, cursor.fetchall(), strict=True):
                row.pk = pk
                row._state.adding, row._state.db = False, connection.alias


def update(rows: Iterable[models.Model], fields: Sequence[str]) -> None:
    """Write these fields of rows of one model; a row that is gone meanwhile is left out."""
    for portion in chunks(rows, AT_ONCE):
        statement, columns = _amendment(type(portion[0]), tuple(fields))
        with connection.cursor() as cursor:
            cursor.execute(statement, [_text(portion, columns)])


@cache
def _insertion(model: type[models.Model]) -> tuple[str, list[_Column]]:
    columns = [_column(field) for field in model._meta.concrete_fields if not field.primary_key]
    names = ", ".join(column.name for column in columns)
    statement = f"INSERT INTO {_table(model)} ({names}) SELECT {names} FROM {_source(columns)} RETURNING id"  # noqa: S608
    return statement, columns


@cache
def _amendment(model: type[models.Model], fields: tuple[str, ...]) -> tuple[str, list[_Column]]:
    columns = [_column(model._meta.get_field(name)) for name in ("id", *fields)]
    values = ", ".join(f"{column.name} = wanted.{column.name}" for column in columns[1:])
    statement = (
        f"UPDATE {_table(model)} AS stored SET {values} FROM {_source(columns)} WHERE stored.id = wanted.id"  # noqa: S608
    )
    return statement, columns


def _column(field: Any) -> _Column:
    kind = str(field.db_type(connection))
    # A cast to a length would cut a longer text without a word; storing it refuses.
    kind = "text" if kind.startswith("varchar") else kind
    name = connection.ops.quote_name(field.column)
    return _Column(field.attname, field.column, name, kind, field)


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _source(columns: Iterable[_Column]) -> str:
    return f"json_to_recordset(%s) AS wanted ({', '.join(f'{c.name} {c.kind}' for c in columns)})"


def _text(rows: Iterable[models.Model], columns: Sequence[_Column]) -> str:
    return json.dumps([{c.key: c.value(row) for c in columns} for row in rows], default=_plain)


def _plain(value: Any) -> str:
    """Times and dates as ISO text, decimals as written."""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
