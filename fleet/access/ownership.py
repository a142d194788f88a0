"""Whose an endpoint is, which application it serves and when it expires: from its tags, or as an operator set it."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import transaction

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


def set_by_hand(
    endpoint: Endpoint, wanted: Labels, *, actor: User, reason: str, now: datetime, address: str | None = None
) -> None:
    """Store what an operator wants; an empty value gives the word back to the tags. Audited.

    Raises Refused for a date in the past that was not there before, and for people below operator.
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


def reapply(endpoint_ids: Collection[int]) -> int:
    """Put what operators set back over what a sync just took from tags; how many endpoints have something set."""
    rows = list(Ownership.objects.filter(endpoint__in=endpoint_ids).select_related("endpoint"))
    for row in rows:
        _apply(row.endpoint, _labels(row).over(from_tags(row.endpoint.tags)))
    return len(rows)


def _apply(endpoint: Endpoint, labels: Labels) -> None:
    values = asdict(labels)
    if any(getattr(endpoint, field) != value for field, value in values.items()):
        Endpoint.objects.filter(pk=endpoint.pk).update(**values)


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
