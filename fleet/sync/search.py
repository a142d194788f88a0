"""Search text and ownership of endpoints: name, tags, models and images in one lower-case column."""

from collections.abc import Collection, Iterable, Mapping

from fleet.models import Container, Endpoint, ProductionVariant

OWNER_TAGS = ("Owner", "owner")
TEAM_TAGS = ("Team", "team")
MAX_LABEL = 256


FIELDS = ("search_text", "owner", "team")


def fill(row: Endpoint, models: Iterable[str], images: Iterable[str]) -> None:
    """Set the row's search_text, owner and team; it is not saved."""
    words = [row.name, *(f"{k}={v}" for k, v in sorted(row.tags.items())), *models, *images]
    row.search_text = "\n".join(dict.fromkeys(words)).lower()
    row.owner, row.team = label(row.tags, OWNER_TAGS), label(row.tags, TEAM_TAGS)


def refill(rows: Collection[Endpoint]) -> None:
    """The same from the models and images that are stored, in two queries; the rows are not saved."""
    models = _models({row.config_id for row in rows if row.config_id})
    images = _images({(row.shard_id, name) for row in rows for name in models.get(row.config_id or 0, ())})
    for row in rows:
        names = models.get(row.config_id or 0, [])
        fill(row, names, [image for name in names for image in images.get((row.shard_id, name), ())])


def label(tags: Mapping[str, str], keys: Collection[str]) -> str:
    """The value of the first of these tags that is set; "" when none is."""
    return next((tags[key] for key in keys if tags.get(key)), "")[:MAX_LABEL]


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
