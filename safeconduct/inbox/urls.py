"""Addresses of My bookings and of the hand-in. They come before the trips': a trip may not be called "bookings"."""

from django.urls import path

from safeconduct.inbox import handin, views

app_name = "inbox"

urlpatterns = [
    path("trips/bookings/", views.booking_list, name="list"),
    path("trips/bookings/<slug:public_id>/", views.letter_page, name="letter"),
    path("trips/bookings/<slug:public_id>/choose/", views.letter_choose, name="choose"),
    path("trips/bookings/of/<slug:public_id>/accept/", views.booking_accept, name="accept"),
    path("trips/bookings/of/<slug:public_id>/dismiss/", views.booking_dismiss, name="dismiss"),
    path("inbox/hand-in/", handin.hand_in, name="hand_in"),
]
