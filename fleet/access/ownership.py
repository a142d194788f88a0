"""Whose an endpoint is, which application it serves and when it expires: from its tags, or as an operator set it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime

from django.conf import settings
from django.db import connection, transaction

from fleet.access import audit
from fleet.access.roles import may
from fleet.errors import Refusal, Refused
from fleet.models import Endpoint, Ownership, Shard, User

MAX_LABEL = 256
FIELDS = ("owner", "team", "application", "expires_on")


@dataclass(frozen=True)
class Labels:
    """The four values; "" and None mean that nothing is known."""

    owner: str = ""
    team: str = ""
    application: str = ""
    expires_on: date | None = None

    @property
    def words(self) -> dict[str, str]:
        """What is known, as text."""
        return {field: value for field, value in _plain(self).items() if value}

    def over(self, other: "Labels") -> "Labels":
        """These values, with those of `other` where one is missing here."""
        return Labels(
            self.owner or other.owner,
            self.team or other.team,
            self.application or other.application,
            self.expires_on or other.expires_on,
        )


def from_tags(tags: Mapping[str, str]) -> Labels:
    """What the tags say; a tag that is no date (2026-12-31) leaves the expiry date unknown."""
    return Labels(
        owner=_label(tags, settings.OWNER_TAGS),
        team=_label(tags, settings.TEAM_TAGS),
        application=_label(tags, settings.APPLICATION_TAGS),
        expires_on=_date(_label(tags, settings.EXPIRY_TAGS)),
    )


def by_hand(endpoint: Endpoint) -> Labels:
    """What an operator set; empty where nobody did."""
    row = Ownership.objects.filter(endpoint=endpoint).first()
    return _labels(row) if row else Labels()


def stamp(endpoint: Endpoint) -> str:
    """When what was set by hand was last set, as a form carries it; "" while nobody did."""
    row = Ownership.objects.filter(endpoint=endpoint).first()
    return row.set_at.isoformat() if row else ""


def set_by_hand(
    endpoint: Endpoint,
    wanted: Labels,
    *,
    actor: User,
    reason: str,
    now: datetime,
    address: str | None = None,
    seen: str | None = None,
) -> None:
    """Store what an operator wants; an empty value gives the word back to the tags. Audited.

    seen: the `stamp` that the operator's form was made from, None for no form. Raises Refused for a date in the past
    that was not there before, when somebody else set something since `seen`, and for people below operator.
    """
    if not may(actor, User.Role.OPERATOR):
        raise Refused([Refusal("", "role", "Changing the owner or expiry date needs the role operator.")])
    with transaction.atomic():
        endpoint = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
        before = by_hand(endpoint)
        is_new_date = wanted.expires_on != before.expires_on
        if wanted.expires_on and is_new_date and wanted.expires_on <= now.date():
            raise Refused([Refusal("expires_on", "past", "Give a date after today.")])
        if wanted == before:
            return
        if seen is not None and seen != stamp(endpoint):
            raise Refused([Refusal("", "moved", _moved(endpoint))])
        Ownership.objects.update_or_create(
            endpoint=endpoint, defaults={**asdict(wanted), "set_by": actor, "set_at": now}
        )
        _apply(endpoint, wanted.over(from_tags(endpoint.tags)))
        audit.record(
            actor=actor,
            action="endpoint.ownership",
            target=endpoint,
            before=_plain(before),
            after=_plain(wanted),
            reason=reason,
            address=address,
        )


def set_ones(shard: Shard) -> set[int]:
    """Ids of the shard's endpoints on which somebody set something."""
    return set(Ownership.objects.filter(endpoint__shard=shard).values_list("endpoint_id", flat=True))


def inherit(fresh: Sequence[Endpoint], today: date) -> dict[int, Labels]:
    """Give endpoints that were just stored what was set by hand on earlier ones of the same name, account and region.

    Who set it and when stays as it was. A date up to `today` is left out: it was meant for the one that is gone. What
    was handed over, by endpoint id; call inside the transaction that stored them. At most four queries.
    """
    names = {endpoint.name for endpoint in fresh}
    ids = [endpoint.pk for endpoint in fresh]
    earlier = Ownership.objects.filter(
        endpoint__shard__in={endpoint.shard_id for endpoint in fresh}, endpoint__name__in=names
    ).exclude(endpoint__in=ids)
    found = (
        earlier.order_by("endpoint__created_at", "endpoint_id").select_related("endpoint") if fresh else []
    )
    newest = {(row.endpoint.shard_id, row.endpoint.name): row for row in found}
    handed = []
    for endpoint in fresh:
        row = newest.get((endpoint.shard_id, endpoint.name))
        if row is None or row.endpoint.created_at > endpoint.created_at:
            continue
        labels = _labels(row)
        if labels.expires_on and labels.expires_on <= today:
            labels = replace(labels, expires_on=None)
        if labels != Labels():
            handed.append(
                Ownership(endpoint=endpoint, **asdict(labels), set_by_id=row.set_by_id, set_at=row.set_at)
            )
    if handed:
        Ownership.objects.bulk_create(handed)
        reapply([row.endpoint_id for row in handed])
    return {row.endpoint_id: _labels(row) for row in handed}


def reapply(endpoint_ids: Collection[int]) -> int:
    """Put what operators set back over what a sync just took from tags; how many endpoints have something set."""
    with connection.cursor() as cursor:
        # Of most endpoints nothing is set: asking whether costs a tenth of asking for what.
        cursor.execute(
            "SELECT endpoint_id FROM fleet_ownership WHERE endpoint_id = ANY(%s)", [list(endpoint_ids)]
        )
        held = [pk for (pk,) in cursor.fetchall()]
    rows = list(Ownership.objects.filter(endpoint__in=held).select_related("endpoint")) if held else []
    for row in rows:
        _apply(row.endpoint, _labels(row).over(from_tags(row.endpoint.tags)))
    return len(rows)


def _apply(endpoint: Endpoint, labels: Labels) -> None:
    values = asdict(labels)
    if any(getattr(endpoint, field) != value for field, value in values.items()):
        Endpoint.objects.filter(pk=endpoint.pk).update(**values)


def _moved(endpoint: Endpoint) -> str:
    row = Ownership.objects.select_related("set_by").get(endpoint=endpoint)
    who = row.set_by.get_username() if row.set_by else "Somebody"
    stands = ", ".join(
        f"{word} {value}"
        for word, value in (
            ("owner", row.owner),
            ("team", row.team),
            ("application", row.application),
            ("expires on", row.expires_on or ""),
        )
        if value
    )
    return (
        f"{who} changed this while your form was open; now it is: {stands or 'nothing set'}. "
        "Save again to put yours in its place."
    )


def _labels(row: Ownership) -> Labels:
    return Labels(row.owner, row.team, row.application, row.expires_on)


def _plain(labels: Labels) -> dict[str, str]:
    return {key: "" if value is None else str(value) for key, value in asdict(labels).items()}


def _label(tags: Mapping[str, str], keys: Collection[str]) -> str:
    """The value of the first of these tags that is set; "" when none is."""
    return next((tags[key] for key in keys if tags.get(key)), "")[:MAX_LABEL]


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()[:10]) if text else None
    except ValueError:
        return None
