"""Addresses of entry and health requirements."""

from django.urls import path

from safeconduct.advice import views

app_name = "advice"

urlpatterns = [
    path("", views.entry, name="entry"),
    path("health/", views.planner, name="planner"),
]
