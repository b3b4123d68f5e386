"""Addresses of the alert pages."""

from django.urls import path

from safeconduct.alerts import views

app_name = "alerts"

urlpatterns = [
    path("", views.alert_list, name="list"),
    path("map/", views.alert_map, name="map"),
    path("map.json", views.map_json, name="map_json"),
    path("<slug:public_id>/", views.alert_version, name="version"),
]
