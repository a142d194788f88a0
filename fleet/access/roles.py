"""Roles: viewer reads, operator changes endpoints and acknowledges incidents, admin also changes Flotilla itself."""

from django.contrib.auth.models import AnonymousUser

from fleet.models import User

RANK = {User.Role.VIEWER: 0, User.Role.OPERATOR: 1, User.Role.ADMIN: 2}


def may(user: User | AnonymousUser, role: User.Role) -> bool:
    """Whether the person holds at least this role; an inactive or anonymous one holds none."""
    if not isinstance(user, User) or not user.is_active:
        return False
    return user.is_superuser or RANK[User.Role(user.role)] >= RANK[role]
