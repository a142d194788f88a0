"""The catalogue, the models and the partitioned tables must name the same columns."""

import pytest
from django.db import connection

from fleet.catalogue import COLUMNS
from fleet.models import FineBucket, HourBucket

KEYS = {"variant_id", "at", "period_s"}


@pytest.mark.django_db
@pytest.mark.parametrize("model", [FineBucket, HourBucket])
def test_bucket_table_has_the_columns_of_the_catalogue(model: type[FineBucket | HourBucket]) -> None:
    with connection.cursor() as cursor:
        description = connection.introspection.get_table_description(cursor, model._meta.db_table)
    assert {column.name for column in description} == KEYS | set(COLUMNS)
    assert {field.attname for field in model._meta.concrete_fields} - {"pk"} == KEYS | set(COLUMNS)
