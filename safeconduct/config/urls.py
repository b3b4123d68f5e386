"""Every address. tests/permissions holds one row for each; an address missing there fails."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

ROOMS = [
    ("", "safeconduct.web.urls"),
    ("", "safeconduct.orgs.urls"),
    ("account/", "safeconduct.accounts.urls"),
    ("destinations/", "safeconduct.guides.urls"),
    ("destinations/", "safeconduct.places.urls"),
    ("advice/", "safeconduct.advisories.urls"),
    ("ratings/", "safeconduct.ratings.urls"),
    ("", "safeconduct.inbox.urls"),
    ("trips/", "safeconduct.trips.urls"),
    ("calendar/", "safeconduct.trips.calendar_urls"),
    ("alerts/", "safeconduct.alerts.urls"),
    ("entry/", "safeconduct.advice.urls"),
    ("advisor/", "safeconduct.advice.advisor_urls"),
    ("", "safeconduct.notify.urls"),
    ("centres/", "safeconduct.centres.urls"),
    ("dev/mailbox/", "safeconduct.outbox.urls"),
    ("", "safeconduct.ops.urls"),
]

urlpatterns: list[URLPattern | URLResolver] = [path(prefix, include(room)) for prefix, room in ROOMS]

handler400 = "safeconduct.web.errors.bad_request"
handler403 = "safeconduct.web.errors.forbidden"
handler404 = "safeconduct.web.errors.not_found"
handler500 = "safeconduct.web.errors.server_error"
