"""Addresses of TravelAdvisor."""

from django.urls import path

from safeconduct.advice import advisor

app_name = "advisor"

urlpatterns = [
    path("", advisor.start, name="start"),
    path("<str:public_id>/all/", advisor.whole, name="whole"),
    path("<str:public_id>/briefing.pdf", advisor.pdf, name="pdf"),
    path("<str:public_id>/read/", advisor.read, name="read"),
    path("<str:public_id>/acknowledge/", advisor.acknowledge, name="acknowledge"),
    path("<str:public_id>/keep/", advisor.keep, name="keep"),
    path("<str:public_id>/delete/", advisor.forget, name="forget"),
    path("<str:public_id>/<slug:step>/", advisor.step, name="step"),
]
