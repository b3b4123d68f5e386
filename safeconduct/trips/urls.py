"""Addresses of a member's trips."""

from django.urls import path

from safeconduct.trips import bookingviews, companionviews, delegateviews, fileviews, views

app_name = "trips"

urlpatterns = [
    path("", views.trip_list, name="list"),
    path("new/", views.trip_new, name="new"),
    path("new/booking/", bookingviews.trip_from_booking, name="from_booking"),
    path("files/", fileviews.files, name="files"),
    path("files/export/", fileviews.export, name="export"),
    path("files/calendar/make/", fileviews.calendar_make, name="calendar_make"),
    path("files/calendar/end/", fileviews.calendar_end, name="calendar_end"),
    path("delegates/", delegateviews.delegates, name="delegates"),
    path("delegates/<slug:public_id>/end/", delegateviews.delegate_end, name="delegate_end"),
    path("delegates/<slug:public_id>/new/", delegateviews.entered_new, name="entered_new"),
    path("entered/<slug:public_id>/", delegateviews.entered, name="entered"),
    path("entered/<slug:public_id>/change/", delegateviews.entered_change, name="entered_change"),
    path("entered/<slug:public_id>/cancel/", delegateviews.entered_cancel, name="entered_cancel"),
    path("<slug:public_id>/", views.trip_detail, name="detail"),
    path("<slug:public_id>/change/", views.trip_change, name="change"),
    path("<slug:public_id>/cancel/", views.trip_cancel, name="cancel"),
    path("<slug:public_id>/companions/", companionviews.trip_companions, name="companions"),
    path("<slug:public_id>/export/", fileviews.trip_export, name="trip_export"),
    path("<slug:public_id>/delete/", views.trip_delete_draft, name="delete_draft"),
    path("<slug:public_id>/ask-again/", views.trip_ask_again, name="ask_again"),
    path("<slug:public_id>/mail/", views.trip_mail, name="mail"),
]
