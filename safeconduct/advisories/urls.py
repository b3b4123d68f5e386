"""Addresses of the pages of official advice."""

from django.urls import path

from safeconduct.advisories import views

app_name = "advisories"

urlpatterns = [path("<slug:public_id>/", views.advisory, name="advisory")]
