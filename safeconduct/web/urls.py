"""Addresses of the shell."""

from django.urls import path

from safeconduct.web import views

app_name = "web"

urlpatterns = [
    path("", views.home, name="home"),
    path("display/", views.display, name="display"),
    path("offline/", views.offline, name="offline"),
    path("service-worker.js", views.service_worker, name="service_worker"),
    path("app/", views.get_the_app, name="app"),
    path("my-organization/", views.organization, name="organization"),
    path("legal/sources/", views.sources, name="sources"),
    path("legal/<slug:slug>/", views.legal, name="legal"),
]
