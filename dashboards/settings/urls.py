"""Routes of the Settings pages."""

from django.urls import path

from dashboards.settings import account_views, people_views, token_views

app_name = "settings"
urlpatterns = [
    path("", account_views.page, name="page"),
    path("accounts/new/", account_views.account, name="account-new"),
    path("accounts/<int:pk>/", account_views.account, name="account"),
    path("accounts/<int:pk>/check/", account_views.check, name="account-check"),
    path("people/", people_views.people, name="people"),
    path("people/new/", people_views.new, name="person-new"),
    path("people/<int:pk>/", people_views.person, name="person"),
    path("people/<int:pk>/password/", people_views.password, name="person-password"),
    path("tokens/", token_views.page, name="tokens"),
    path("tokens/new/", token_views.make, name="token-new"),
    path("tokens/<int:pk>/revoke/", token_views.revoke, name="token-revoke"),
    path("me/", people_views.me, name="me"),
]
