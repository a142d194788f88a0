"""Tokens with which programs read the API."""

from typing import ClassVar

from django.db import models

from fleet.models.people import User


class ApiToken(models.Model):
    """The right of a program to read in a person's name, until it expires, is revoked or the person is switched off.

    Only the digest of the secret is kept. accounts: ids of the AWS accounts it reads, empty for all of them. Written by
    fleet.access.tokens.
    """

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)
    ending = models.CharField(max_length=4)
    accounts = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_from = models.GenericIPAddressField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.name
