"""Django's handle on this room."""

from django.apps import AppConfig


class PlacesConfig(AppConfig):
    """Countries, cities, airports and their shapes."""

    name = "safeconduct.places"
    label = "places"
