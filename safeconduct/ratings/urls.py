"""Addresses of ratings: ISO 3166-1 alpha-2 and the kind."""

from django.urls import path

from safeconduct.ratings import views

app_name = "ratings"

urlpatterns = [
    path("<str:code>/<str:kind>/", views.rating, name="rating"),
]
