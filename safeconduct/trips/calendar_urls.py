"""The address that calendar programs read. It stands outside the rooms of members: nobody is logged in there."""

from django.urls import path

from safeconduct.trips import fileviews

app_name = "calendar"

urlpatterns = [path("<slug:token>.ics", fileviews.calendar, name="feed")]
