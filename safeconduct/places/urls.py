"""Address of the suggestions. The page of the search is put up, guarded, by the room of destination pages."""

from django.urls import path

from safeconduct.places import views

app_name = "places"

urlpatterns = [
    path("suggest/", views.suggest, name="suggest"),
]
