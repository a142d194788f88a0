"""Routes of the Alerts pages."""

from django.urls import path

from dashboards.alerts import mail_views, rule_views, views

app_name = "alerts"
urlpatterns = [
    path("", views.page, name="page"),
    path("incidents.csv", views.as_csv, name="csv"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/chart/", views.chart, name="chart"),
    path("<int:pk>/acknowledge/", views.acknowledge, name="acknowledge"),
    path("rules/", rule_views.rules, name="rules"),
    path("rules/<slug:key>/", rule_views.rule, name="rule"),
    path("deliveries/", mail_views.deliveries, name="deliveries"),
    path("deliveries/test/", mail_views.send_test, name="test"),
    path("deliveries/<int:pk>/", mail_views.delivery, name="delivery"),
    path("deliveries/<int:pk>/html/", mail_views.as_sent, name="as-sent"),
]
