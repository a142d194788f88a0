"""Errors that become AWS error answers."""

from __future__ import annotations


class ServiceError(Exception):
    """An AWS error answer: code and message as the SDK shows them, HTTP status, optional modelled members."""

    def __init__(self, code: str, message: str, status: int = 400, members: dict[str, object] | None = None):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = members or {}


def validation_error(message: str) -> ServiceError:
    """SageMaker's and Application Auto Scaling's unmodelled ValidationException (HTTP 400)."""
    return ServiceError("ValidationException", message)


class DropConnection(Exception):
    """The fault engine asks the server to close the connection without an answer."""
