"""Search text and ownership of endpoints: name, tags, models and images in one lower-case column."""

from collections.abc import Collection, Iterable

from django.db import connection

from fleet.access import ownership
from fleet.models import Endpoint

FIELDS = ("search_text", *ownership.FIELDS)


def fill(row: Endpoint, models: Iterable[str], images: Iterable[str]) -> None:
    """Set the row's search_text and what its tags say of owner, team, application and expiry; it is not saved.

    What an operator set stands over the tags: call ownership.reapply once the rows are saved.
    """
    words = [row.name, *(f"{k}={v}" for k, v in sorted(row.tags.items())), *models, *images]
    row.search_text = "\n".join(dict.fromkeys(words)).lower()
    labels = ownership.from_tags(row.tags)
    row.owner, row.team = labels.owner, labels.team
    row.application, row.expires_on = labels.application, labels.expires_on


def refill(rows: Collection[Endpoint]) -> None:
    """The same from the models and images that are stored, in one query; the rows are not saved."""
    found = _models({(row.shard_id, row.config_id) for row in rows if row.config_id})
    for row in rows:
        models = found.get(row.config_id or 0, {})
        fill(row, models, [image for images in models.values() for image in images])


def _models(configs: Collection[tuple[int, int]]) -> dict[int, dict[str, list[str]]]:
    """Names of the models of each config, with their images, as the config orders them."""
    found: dict[int, dict[str, list[str]]] = {}
    if not configs:
        return found
    with connection.cursor() as cursor:
        cursor.execute(_MODELS, [list(column) for column in zip(*configs, strict=True)])
        for config_id, name, image in cursor.fetchall():
            images = found.setdefault(config_id, {}).setdefault(name, [])
            if image and image not in images:
                images.append(image)
    return found


_MODELS = """
    SELECT variant.config_id, variant.model_name, container.image
    FROM unnest(%s::bigint[], %s::bigint[]) AS wanted (shard_id, config_id)
    JOIN fleet_productionvariant variant ON variant.config_id = wanted.config_id AND variant.model_name <> ''
    LEFT JOIN fleet_hostedmodel model ON model.shard_id = wanted.shard_id AND model.name = variant.model_name
    LEFT JOIN fleet_container container ON container.model_id = model.id
    ORDER BY variant.is_shadow, variant.id, container.position, container.id
"""
