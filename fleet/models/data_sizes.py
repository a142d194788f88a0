"""How much data a call of an endpoint carries, as a person assumes it."""

from typing import ClassVar

from django.db import models

from fleet.models.endpoints import Endpoint
from fleet.models.people import User


class DataAssumption(models.Model):
    """Average size of one endpoint's requests and responses in KB of 1,024 bytes; null = nothing is assumed.

    AWS publishes no bytes of an endpoint, so its data is priced by this for every day. Written by fleet.data_sizes.
    """

    endpoint = models.OneToOneField(Endpoint, on_delete=models.CASCADE, related_name="data_assumption")
    request_kb = models.DecimalField(max_digits=12, decimal_places=3, null=True)
    response_kb = models.DecimalField(max_digits=12, decimal_places=3, null=True)
    set_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(request_kb__gte=0) | models.Q(request_kb=None),
                name="request_kb_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(response_kb__gte=0) | models.Q(response_kb=None),
                name="response_kb_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"data of a call of {self.endpoint_id}"
