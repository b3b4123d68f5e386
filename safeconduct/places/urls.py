"""Addresses of the search for places."""

from django.urls import path

from safeconduct.places import views

app_name = "places"

urlpatterns = [
    path("", views.search_page, name="search"),
    path("suggest/", views.suggest, name="suggest"),
]
