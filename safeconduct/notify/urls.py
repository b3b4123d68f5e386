"""Addresses of subscriptions and of the links in mails."""

from django.urls import path

from safeconduct.notify import views

app_name = "notify"

urlpatterns = [
    path("subscriptions/", views.subscriptions, name="subscriptions"),
    path("subscriptions/add/", views.add_subscription, name="subscribe"),
    path("subscriptions/<slug:public_id>/end/", views.remove_subscription, name="end"),
    path("u/<str:token>/", views.unsubscribe, name="unsubscribe"),
]
