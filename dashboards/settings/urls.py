"""Routes of the Settings pages."""

from django.urls import path

from dashboards.settings import account_views, people_views, set_up_views, token_views

app_name = "settings"
urlpatterns = [
    path("", account_views.page, name="page"),
    path("accounts/new/", set_up_views.begin, name="account-new"),
    path("accounts/<int:pk>/", account_views.account, name="account"),
    path("accounts/<int:pk>/check/", account_views.check, name="account-check"),
    path("accounts/<int:pk>/switch/", account_views.switch, name="account-switch"),
    path("accounts/<int:pk>/bill/", account_views.bill, name="account-bill"),
    path("accounts/<int:pk>/bill-tag/", account_views.bill_tag, name="account-bill-tag"),
    path("accounts/<int:pk>/remove-act-role/", account_views.remove_act_role, name="account-remove-act-role"),
    path("accounts/<int:pk>/set-up/", set_up_views.resume, name="set-up"),
    path("accounts/<int:pk>/set-up/discard/", set_up_views.discard, name="set-up-discard"),
    path("accounts/<int:pk>/set-up/access/", set_up_views.begin, name="set-up-access"),
    path("accounts/<int:pk>/set-up/roles/", set_up_views.roles, name="set-up-roles"),
    path("accounts/<int:pk>/set-up/regions/", set_up_views.regions, name="set-up-regions"),
    path("accounts/<int:pk>/set-up/first-sync/", set_up_views.first_sync, name="set-up-first-sync"),
    path("accounts/<int:pk>/permissions/", set_up_views.check, name="set-up-check"),
    path("accounts/<int:pk>/roles/<slug:format>/", set_up_views.role_text, name="role-text"),
    path("people/", people_views.people, name="people"),
    path("people/new/", people_views.new, name="person-new"),
    path("people/<int:pk>/", people_views.person, name="person"),
    path("people/<int:pk>/password/", people_views.password, name="person-password"),
    path("tokens/", token_views.page, name="tokens"),
    path("tokens/new/", token_views.make, name="token-new"),
    path("tokens/<int:pk>/revoke/", token_views.revoke, name="token-revoke"),
    path("me/", people_views.me, name="me"),
]
