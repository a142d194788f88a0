"""Sentences that must fit: cut between words, and only within one where a single word is too long."""

_LEAST_KEPT = 0.6
"""A cut between words must keep this share of the room: a long ARN after two short words is rather cut itself."""


def shortened(text: str, longest: int) -> str:
    """The text, or as many of its words as fit with "…" behind; at most `longest` characters (≥ 2) with that sign.

    Punctuation before the sign goes.
    """
    if len(text) <= longest:
        return text
    room = text[: longest - 1]
    if not text[longest - 1].isspace():
        words, space, _ = room.rpartition(" ")
        if space and len(words) >= _LEAST_KEPT * longest:
            room = words
    return f"{room.rstrip(' ,;:.·–—')}…"
