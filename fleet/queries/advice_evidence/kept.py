"""Evidence as the last look left it, kept as text by endpoint: its Advice tab draws it."""

from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from fleet.advisor.evidence import Evidence
from fleet.models import Endpoint, KeptEvidence

_CODEC = TypeAdapter(Evidence)


def packed(evidence: Evidence) -> str:
    """As text, nothing rounded; figures that are not known are left out."""
    return _CODEC.dump_json(evidence, exclude_defaults=True).decode()


def unpacked(text: str) -> Evidence | None:
    """The evidence that `packed` made into text; None where an older version of Flotilla wrote what no longer fits."""
    try:
        return _CODEC.validate_json(text)
    except ValidationError:
        return None


def of_endpoint(endpoint: Endpoint) -> tuple[Evidence, datetime] | None:
    """What was known of an endpoint, and as of when; None before the first look at it. One query."""
    row = KeptEvidence.objects.filter(endpoint=endpoint).first()
    evidence = unpacked(row.document) if row else None
    return None if row is None or evidence is None else (evidence, row.looked_at)
