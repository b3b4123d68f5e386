"""Addresses of the alert pages."""

from django.urls import path

from safeconduct.alerts import views

app_name = "alerts"

urlpatterns = [
    path("", views.alert_list, name="list"),
    path("<slug:public_id>/", views.alert_version, name="version"),
]
