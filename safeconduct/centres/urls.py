"""Addresses of the assistance centres' public pages."""

from django.urls import path

from safeconduct.centres import views

app_name = "centres"

urlpatterns = [path("", views.centre_list, name="list")]
