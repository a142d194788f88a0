"""Queues that bring AWS's events, as far as a page tells of them."""

from typing import ClassVar

from django.db import models


class EventQueue(models.Model):
    """One SQS queue that a listener reads.

    listening_at: the last completed receive, empty or not; heard_at: the last message; messages: read so far; ignored:
    those among them that told nothing about a shard of ours. error: as in Shard.sections, null while all is well.
    """

    url = models.CharField(max_length=255, unique=True)
    listening_at = models.DateTimeField(null=True, blank=True)
    heard_at = models.DateTimeField(null=True, blank=True)
    messages = models.PositiveBigIntegerField(default=0)
    ignored = models.PositiveBigIntegerField(default=0)
    error = models.JSONField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["url"]

    def __str__(self) -> str:
        return self.url
