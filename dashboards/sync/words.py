"""Plain words beside AWS's own: what a failed part of a sync means and what to do about it."""

from dataclasses import dataclass
from datetime import datetime

from dashboards import wording
from fleet.queries.endpoint import SectionError

SECTION_LABELS = {
    "inventory": "Endpoints and configs",
    "components": "Inference components",
    "tags": "Tags",
    "batch": "Transform jobs",
    "configs": "Configs and models",
    "links": "Images, roles, artefacts",
    "scaling": "Scaling",
    "scaling_history": "Scaling history",
    "quotas": "Quotas",
    "metrics": "Metrics",
    "parts": "Containers and components",
    "activity": "Idle or active",
    "backfill": "Metric history",
    "prices": "Prices",
}


@dataclass(frozen=True)
class Trouble:
    """A failed section with AWS's words, plain words and the next move."""

    title: str
    error: SectionError
    text: str
    next: str
    since: datetime | None


def trouble(error: SectionError) -> Trouble:
    """A failed section as an error panel shows it."""
    text, following = plain_words(error)
    return Trouble(
        title=f"{label(error.section)} could not be read",
        error=error,
        text=text,
        next=following,
        since=datetime.fromisoformat(error.since) if error.since else None,
    )


def label(section: str) -> str:
    """A section's name for people; an unknown one as it is stored."""
    return SECTION_LABELS.get(section, section)


def plain_words(error: SectionError) -> tuple[str, str]:
    """(what happened, what you can do) in plain words; an error nobody foresaw is left to AWS's message."""
    if error.kind == "ClockSkewed":
        return (
            f"AWS refused the signature for its time: {_clock(error.skew_s)}. The credentials themselves are good.",
            "Set the clock of the machine the workers run on, best by a time service (chrony, systemd-timesyncd); the "
            "next sync then succeeds.",
        )
    if error.kind == "CredentialsInvalid":
        return (
            "AWS did not accept the credentials, or the role may not be assumed.",
            "Check the role's ARN, its trust policy and the external id on the Settings page.",
        )
    if is_denied(error):
        return (
            "the role that Flotilla reads with lacks a permission.",
            f"Allow {error.action or 'the action AWS names'} in the role's policy; the next sync picks it up.",
        )
    if error.kind == "Throttled" or "Throttl" in error.code:
        return ("AWS asked to slow down.", "Nothing: the next attempt comes by itself, later than usual.")
    if error.kind == "Unavailable":
        return ("AWS gave no usable answer.", "Nothing: the next attempt comes by itself.")
    if error.kind == "Quarantined":
        return (
            "reading it took the worker's process down again and again; it rests, so that the others are read.",
            "Look into the worker's log and the machine's memory, then sync it now; by itself it is tried hourly.",
        )
    if error.kind == "MassDisappearance":
        return (
            "so many endpoints were missing from one listing that none is taken for deleted yet.",
            "Check in AWS whether they are gone; if they are, the next complete listing says so again.",
        )
    return ("this part kept its last good state.", "Read AWS's message; the log holds the request id.")


def is_denied(error: SectionError) -> bool:
    """Whether a permission is missing: then `error.action` is the one to allow."""
    return (
        error.kind == "AccessDenied" or "AccessDenied" in error.code or error.code == "UnauthorizedOperation"
    )


def _clock(skew_s: float | None) -> str:
    """ "this machine's clock is 10 min behind AWS's" """
    if skew_s is None:
        return "this machine's clock is more than five minutes off"
    side = "ahead of" if skew_s > 0 else "behind"
    return f"this machine's clock is {wording.span(round(abs(skew_s) / 60) * 60)} {side} AWS's"
