"""The pages of the Advisor, as tabs above each."""

from typing import Any

from django.urls import reverse

PAGES = (
    ("page", "Advice"),
    ("sharing", "Sharing"),
    ("ledger", "What it saved"),
    ("new-workload", "New workload"),
)


def links(current: str, query: str) -> list[dict[str, Any]]:
    """Links that keep the scope."""
    kept = f"?{query}" if query else ""
    return [
        {"label": label, "url": reverse(f"advisor:{name}") + kept, "is_current": name == current}
        for name, label in PAGES
    ]
