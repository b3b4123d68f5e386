"""Addresses of destination pages. A place is named by its stable key: `iso:KE`, `geonames:184745`, `iata:NBO`."""

from django.urls import path, register_converter
from django.views.decorators.gzip import gzip_page

from safeconduct.guides import exports, overviews, views


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
    path("map/", overviews.world, name="world"),
    path("compare/", overviews.compare, name="compare"),
    path("<placekey:key>/", gzip_page(views.destination), name="destination"),
    path("<placekey:key>/export/", exports.export, name="export"),
    path("<placekey:key>/<slug:chapter>/", gzip_page(views.destination), name="chapter"),
]
