"""Questions with a yes, a no and "not known", as forms ask them."""

YES_NO = (("", "Not known"), ("yes", "Yes"), ("no", "No"))


def flag(value: str | None) -> bool | None:
    """What was answered; None = not known."""
    return {"yes": True, "no": False}.get(value or "")
