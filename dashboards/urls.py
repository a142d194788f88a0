"""Routes of every page family; one include per family, in the order of the navigation."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
