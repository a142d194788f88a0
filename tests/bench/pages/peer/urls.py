"""An admin changelist of endpoints with what the product's table shows of the mirror and of costs."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from django.urls import path

from fleet.models import Endpoint


class EndpointAdmin(admin.ModelAdmin):
    """50 rows a page, the same filters and search, the month's cost summed per row as an admin would write it."""

    list_display = ("name", "kind", "status", "place", "owner", "team", "usd", "modified_at")
    list_filter = ("kind", "status", "team", "shard__region", "shard__account")
    search_fields = ("name", "search_text")
    list_per_page = 50
    list_select_related = ("shard__account",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Endpoint]:
        """Endpoints with their cost, so that the column sorts."""
        return super().get_queryset(request).annotate(usd_sum=Sum("daily_costs__amount"))

    @admin.display(ordering="shard__account__alias")
    def place(self, endpoint: Endpoint) -> str:
        """Account and region."""
        return str(endpoint.shard)

    @admin.display(ordering="usd_sum")
    def usd(self, endpoint: Any) -> str:
        """Cost of all stored days."""
        return f"{endpoint.usd_sum or 0:.2f}"

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Everybody: this is no product."""
        return True


site = admin.AdminSite(name="peer")
site.register(Endpoint, EndpointAdmin)
urlpatterns = [path("admin/", site.urls)]
