"""Addresses of destination pages. A place is named by its stable key: `iso:KE`, `geonames:184745`, `iata:NBO`."""

from django.urls import path, register_converter

from safeconduct.guides import views


class PlaceKeyConverter:
    """A scheme, a colon, letters and figures."""

    regex = r"[a-z]{2,12}:[A-Za-z0-9]{1,20}"

    def to_python(self, value: str) -> str:
        """As it is."""
        return value

    def to_url(self, value: str) -> str:
        """As it is."""
        return value


register_converter(PlaceKeyConverter, "placekey")

app_name = "guides"

urlpatterns = [
    path("", views.index, name="index"),
    path("<placekey:key>/", views.destination, name="destination"),
]
