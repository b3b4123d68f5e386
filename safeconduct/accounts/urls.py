"""Addresses of log-in, sign-up and the own account. allauth's names are kept, so that it finds its own pages.

Written out instead of `include("allauth.urls")`: what is not here does not exist.
"""

from allauth.account import views as allauth_views
from allauth.mfa.base import views as two_step
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.usersessions import views as sessions
from django.urls import include, path

from safeconduct.accounts import views

own = [
    path("", views.home, name="home"),
    path("login/password/", views.PasswordStep.as_view(), name="password"),
    path("verify/<str:token>/", views.verify, name="verify"),
    path("consent/", views.consent, name="consent"),
    path("your-data/", views.your_data, name="your_data"),
    path("your-data/export/", views.export, name="export"),
    path("your-data/delete/", views.erase, name="erase"),
]

urlpatterns = [
    path("", include((own, "accounts"))),
    path("login/", views.login, name="account_login"),
    path("logout/", allauth_views.logout, name="account_logout"),
    path("inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("signup/", views.SignupView.as_view(), name="account_signup"),
    path("reauthenticate/", allauth_views.reauthenticate, name="account_reauthenticate"),
    path("email/", views.EmailView.as_view(), name="account_email"),
    path("confirm-email/", views.VerifyCodeView.as_view(), name="account_email_verification_sent"),
    path("password/change/", views.PasswordChangeView.as_view(), name="account_change_password"),
    path("password/set/", allauth_views.password_set, name="account_set_password"),
    path("password/reset/", allauth_views.password_reset, name="account_reset_password"),
    path(
        "password/reset/confirm/", allauth_views.confirm_password_reset_code,
        name="account_confirm_password_reset_code",
    ),
    path("password/reset/complete/", views.ResetCompleteView.as_view(), name="account_complete_password_reset"),
    path(
        "password/reset/done/", allauth_views.password_reset_from_key_done, name="account_password_reset_completed"
    ),
    path("two-step/", two_step.index, name="mfa_index"),
    path("two-step/authenticate/", two_step.authenticate, name="mfa_authenticate"),
    path("two-step/reauthenticate/", two_step.reauthenticate, name="mfa_reauthenticate"),
    path("two-step/app/activate/", totp.activate_totp, name="mfa_activate_totp"),
    path("two-step/app/deactivate/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("two-step/recovery-codes/", recovery.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("two-step/recovery-codes/generate/", recovery.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("two-step/recovery-codes/download/", recovery.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("sessions/", sessions.list_usersessions, name="usersessions_list"),
]
