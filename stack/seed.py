"""Fills an empty demo: three people with known passwords, and the simulator's accounts through `manage.py accounts`."""

LOGINS = {"viewer": "viewer-demo", "operator": "operator-demo", "admin": "admin-demo"}


def people() -> int:
    """Create the demo's people who are missing; returns how many there are."""
    from fleet.models import User

    for name, password in LOGINS.items():
        user, created = User.objects.get_or_create(
            username=name, defaults={"role": name, "email": f"{name}@example.com"}
        )
        if created:
            user.set_password(password)
            user.save(update_fields=["password"])
    return len(LOGINS)


def main() -> None:
    """Seed people and accounts; prints a short summary."""
    import django

    django.setup()
    print(f"{people()} people")


if __name__ == "__main__":
    main()
