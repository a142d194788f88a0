"""Search text and ownership of endpoints: name, tags, models and images in one lower-case column."""

from collections.abc import Collection, Iterable

from fleet.access import ownership
from fleet.models import Container, Endpoint, ProductionVariant

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
    """The same from the models and images that are stored, in two queries; the rows are not saved."""
    models = _models({row.config_id for row in rows if row.config_id})
    images = _images({(row.shard_id, name) for row in rows for name in models.get(row.config_id or 0, ())})
    for row in rows:
        names = models.get(row.config_id or 0, [])
        fill(row, names, [image for name in names for image in images.get((row.shard_id, name), ())])


def _models(config_ids: Collection[int]) -> dict[int, list[str]]:
    models: dict[int, list[str]] = {}
    for config_id, name in ProductionVariant.objects.filter(config__in=config_ids).values_list(
        "config_id", "model_name"
    ):
        if name:
            models.setdefault(config_id, []).append(name)
    return models


def _images(models: Collection[tuple[int, str]]) -> dict[tuple[int, str], list[str]]:
    images: dict[tuple[int, str], list[str]] = {}
    rows = Container.objects.filter(
        model__shard__in={shard for shard, _ in models}, model__name__in={name for _, name in models}
    ).values_list("model__shard_id", "model__name", "image")
    for shard_id, name, image in rows:
        if image:
            images.setdefault((shard_id, name), []).append(image)
    return images
