"""The development mailbox; demo and test folders only."""

from __future__ import annotations

from django.urls import path

from safeconduct.outbox import views

app_name = "outbox"
urlpatterns = [
    path("", views.mailbox, name="mailbox"),
    path("<int:copy_id>/", views.mail, name="mail"),
    path("<int:copy_id>/html/", views.mail_html, name="mail_html"),
]
