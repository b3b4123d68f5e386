"""Addresses of the suggestions and of the world's shapes. The page of the search is put up, guarded, by the room of destination pages."""

from django.urls import path

from safeconduct.places import views

app_name = "places"

urlpatterns = [
    path("suggest/", views.suggest, name="suggest"),
    path("world-<slug:digest>.json", views.world_shapes, name="world"),
]
