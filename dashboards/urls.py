"""Routes of every page family; one include per family, in the order of the navigation."""

from importlib.util import find_spec

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, include, path

from dashboards import favicon, signing_in

urlpatterns: list[URLPattern | URLResolver] = [
    path("favicon.ico", favicon.favicon, name="favicon"),
    path("sign-in/", signing_in.SignIn.as_view(), name="sign-in"),
    path("set-up/", include("dashboards.sign_in.urls")),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("patterns/", include("dashboards.patterns.urls")),
]

FAMILIES: tuple[tuple[str, str], ...] = (
    ("", "overview"),
    ("endpoints/", "endpoints"),
    ("batch/", "batch"),
    ("orphans/", "orphans"),
    ("costs/", "costs"),
    ("budgets/", "budgets"),
    ("prices/", "prices"),
    ("cold-starts/", "cold_starts"),
    ("cache/", "cache"),
    ("advisor/", "advisor"),
    ("", "operations"),
    ("scaling/", "scaling"),
    ("alerts/", "alerts"),
    ("quotas/", "quotas"),
    ("sync/", "sync"),
    ("audit/", "audit"),
    ("settings/", "settings"),
    ("api/v1/", "api"),
)
"""Path → package under dashboards; its urls.py names its family (app_name) and its first page "page"."""

urlpatterns += [
    path(prefix, include(f"dashboards.{family}.urls"))
    for prefix, family in FAMILIES
    if find_spec(f"dashboards.{family}") and find_spec(f"dashboards.{family}.urls")
]
