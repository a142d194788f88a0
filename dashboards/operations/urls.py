"""Routes of the Operations pages and of the forms that plan an operation on an endpoint."""

from django.urls import path

from dashboards.operations import actions, instances, schedules, splits, views

app_name = "operations"
urlpatterns = [
    path("operations/", views.operation_list, name="page"),
    path("operations/operations.csv", views.as_csv, name="csv"),
    path("operations/<slug:code>/", views.detail, name="detail"),
    path("operations/<slug:code>/confirm/", views.confirm, name="confirm"),
    path("operations/<slug:code>/cancel/", views.cancel, name="cancel"),
    path("endpoints/<int:pk>/change-concurrency/", actions.change_concurrency, name="change-concurrency"),
    path("endpoints/<int:pk>/change-memory/", actions.change_memory, name="change-memory"),
    path("endpoints/<int:pk>/change-schedule/", schedules.change_schedule, name="change-schedule"),
    path("endpoints/<int:pk>/change-instances/", instances.change_instances, name="change-instances"),
    path("endpoints/<int:pk>/split-models/", splits.split_models, name="split-models"),
    path("endpoints/<int:pk>/delete-split/", splits.delete_split, name="delete-split"),
    path("endpoints/<int:pk>/convert/", actions.convert, name="convert"),
]
