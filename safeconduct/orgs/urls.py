"""Addresses of the way in and of the brands."""

from django.urls import path, re_path

from safeconduct.orgs import views

app_name = "orgs"

urlpatterns = [
    path("membership/", views.membership, name="membership"),
    # The old server did not mind capitals.
    re_path(r"^[Mm]aster[Pp]ortal/[dD]efault\.aspx$", views.old_portal, name="old_portal"),
    path("associate/", views.associate, name="associate"),
    path("associate/invitation/<str:public_id>/", views.accept, name="accept"),
    path("switch/", views.switch, name="switch"),
    path("invitation/<str:token>/", views.invitation, name="invitation"),
    path("branding/<str:public_id>.css", views.brand_css, name="brand_css"),
    path("branding/<str:public_id>/logo", views.logo, name="logo"),
]
