"""Routes of the Advisor."""

from django.urls import path

from dashboards.advisor import actions, views, workload

app_name = "advisor"
urlpatterns = [
    path("", views.page, name="page"),
    path("advice.csv", views.as_csv, name="csv"),
    path("look/", actions.look, name="look"),
    path("bulk/", actions.bulk, name="bulk"),
    path("new-workload/", workload.page, name="new-workload"),
    path("sharing/", views.sharing, name="sharing"),
    path("sharing/<int:pk>/dismiss/", actions.dismiss_set, name="dismiss-set"),
    path("sharing/<int:pk>/reopen/", actions.reopen_set, name="reopen-set"),
    path("ledger/", views.ledger, name="ledger"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/dismiss/", actions.dismiss, name="dismiss"),
    path("<int:pk>/assign/", actions.assign, name="assign"),
    path("<int:pk>/reopen/", actions.reopen, name="reopen"),
]
