"""Pages of log-in, sign-up and the own account. allauth decides; these give it our words, rules and pages.

Step 1 of log-in and the forgotten password look nothing up before they answer: every address gets the same page.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode
from zoneinfo import available_timezones

from allauth.account import views as allauth_views
from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.email_verification_by_code import EMAIL_VERIFICATION_CODE_SESSION_KEY
from allauth.account.internal.stagekit import clear_login
from allauth.account.models import EmailAddress
from allauth.account.stages import EmailVerificationStage, LoginStageController
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from safeconduct.accounts import actions, hooks, legal, links, middleware, passwords
from safeconduct.accounts.forms import AddressForm, PersonForm
from safeconduct.accounts.models import User
from safeconduct.lib.errors import NotFound, Refused

LOGIN_EMAIL_KEY = "login_email"


def the_person(request: HttpRequest) -> User:
    """Return the signed-in person of a guarded page. Raises NotFound otherwise."""
    if not isinstance(request.user, User):
        raise NotFound("user")
    return request.user


def own_page(request: HttpRequest, target: str, fallback: str = "/") -> str:
    """Return the target when it is a page of this portal, written from its root, else the fallback."""
    is_ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    # Anything else would be taken for the name of a view by `redirect`.
    return target if target.startswith("/") and is_ours else fallback


def _with_next(request: HttpRequest, address: str) -> str:
    target = own_page(request, request.GET.get("next") or request.POST.get("next") or "", "")
    return f"{address}?{urlencode({'next': target})}" if target else address


# Log-in.


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """Step 1: the address. Nothing is looked up; every address goes on to step 2."""
    if request.user.is_authenticated:
        return redirect(own_page(request, request.GET.get("next", "")))
    entrance = hooks.entrance(request)
    form = AddressForm(request.POST or None, initial={"email": entrance.invited_email})
    if request.method == "POST" and form.is_valid():
        # Whoever begins anew has given up an unfinished log-in or sign-up in this window.
        clear_login(request)
        request.session.pop(EMAIL_VERIFICATION_CODE_SESSION_KEY, None)
        request.session[LOGIN_EMAIL_KEY] = form.cleaned_data["email"]
        return redirect(_with_next(request, reverse("accounts:password")))
    page = {"form": form, "entrance": entrance, "signup_url": _with_next(request, reverse("account_signup")),
            "next": own_page(request, request.GET.get("next", ""), "")}
    return render(request, "account/login_email.html", page)


class PasswordStep(allauth_views.LoginView):
    """Step 2: the password."""

    template_name = "account/login.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Go back to step 1 without an address."""
        if not request.user.is_authenticated and not request.session.get(LOGIN_EMAIL_KEY):
            return redirect(_with_next(request, reverse("account_login")))
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def get_form_kwargs(self) -> dict[str, Any]:
        """Take the address from step 1, whatever the form says."""
        kwargs: dict[str, Any] = super().get_form_kwargs()
        email = self.request.session.get(LOGIN_EMAIL_KEY, "")
        kwargs["initial"] = {**kwargs.get("initial", {}), "login": email}
        if "data" in kwargs:
            kwargs["data"] = kwargs["data"].copy()
            kwargs["data"]["login"] = email
        return kwargs

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the address and where to go to change it."""
        found: dict[str, Any] = super().get_context_data(**kwargs)
        found["email"] = self.request.session.get(LOGIN_EMAIL_KEY, "")
        found["back_url"] = _with_next(self.request, reverse("account_login"))
        found["entrance"] = hooks.entrance(self.request)
        return found


class SignupView(allauth_views.SignupView):
    """Create account."""

    def get_initial(self) -> dict[str, Any]:
        """Fill in the invited address."""
        initial: dict[str, Any] = super().get_initial()
        email = hooks.entrance(self.request).invited_email
        return {**initial, "email": email} if email else initial

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the checklist, the documents and where the person came from."""
        found: dict[str, Any] = super().get_context_data(**kwargs)
        entrance = hooks.entrance(self.request)
        found["entrance"] = entrance
        found["documents"] = legal.current_documents()
        found["rules"] = passwords.rules_for(self.request, email=str(found["form"]["email"].value() or ""))
        found["login_url"] = _with_next(self.request, reverse("account_login"))
        return found


class VerifyCodeView(allauth_views.ConfirmEmailVerificationCodeView):
    """The code page. When the link was pressed meanwhile, it goes on without a code."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add where the person came from."""
        found: dict[str, Any] = super().get_context_data(**kwargs)
        return {**found, "entrance": hooks.entrance(self.request)}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Leave the stage when the address is confirmed already."""
        stage = LoginStageController.enter(request, EmailVerificationStage.key)
        user = stage.login.user if stage else None
        if stage and user and EmailAddress.objects.filter(user=user, verified=True, email__iexact=user.email).exists():
            request.session.pop(EMAIL_VERIFICATION_CODE_SESSION_KEY, None)
            left: HttpResponseBase = stage.exit()
            return left
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the mail: opening shows a button, pressing confirms."""
    link = links.find_link(token)
    state = links.state_of(link)
    if link is None or state != "ready":
        return render(request, "accounts/link_closed.html", {"state": state}, status=410)
    if request.method != "POST":
        return render(request, "accounts/verify.html", {"email": link.email})
    try:
        links.use_link(request, link)
    except Refused:
        return render(request, "accounts/link_closed.html", {"state": "used"}, status=410)
    stage = LoginStageController.enter(request, EmailVerificationStage.key)
    if stage and stage.login.user and stage.login.user.pk == link.user_id:
        return redirect("account_email_verification_sent")
    if request.user.is_authenticated:
        return redirect("accounts:home")
    return render(request, "accounts/verified.html", {"email": link.email})


# Forgotten and changed passwords.


class ResetCompleteView(allauth_views.CompletePasswordResetView):
    """The new password after a reset code."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the checklist."""
        found: dict[str, Any] = super().get_context_data(**kwargs)
        found["rules"] = passwords.rules_for(self.request, user=self._process.user)
        found["email"] = self._process.state["email"]
        return found


class PasswordChangeView(allauth_views.PasswordChangeView):
    """Change of password."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the checklist."""
        found: dict[str, Any] = super().get_context_data(**kwargs)
        found["rules"] = passwords.rules_for(self.request, user=the_person(self.request))
        return found


@method_decorator(reauthentication_required, name="dispatch")
class EmailView(allauth_views.EmailView):
    """Change of address."""


# The own account.


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def home(request: HttpRequest) -> HttpResponse:
    """Your account: details, and the ways to everything else."""
    user = the_person(request)
    form = PersonForm(request.POST or None, instance=User.objects.get(pk=user.pk))
    if request.method == "POST" and form.is_valid():
        actions.change_details(user, by=user, **{name: form.cleaned_data[name] for name in actions.DETAILS})
        messages.success(request, _("Your details are saved."))
        response = redirect("accounts:home")
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, user.language, max_age=31536000, samesite="Lax",
                            secure=settings.SESSION_COOKIE_SECURE)
        return response
    page = {
        "form": form,
        "person": user,
        "memberships": hooks.membership_lines(user),
        "sessions": UserSession.objects.filter(user=user).count(),
        "has_two_step": _has_two_step(user),
        "zones": sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")),
    }
    return render(request, "accounts/home.html", page)


def _has_two_step(user: User) -> bool:
    from allauth.mfa.utils import is_mfa_enabled

    return bool(is_mfa_enabled(user))


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def consent(request: HttpRequest) -> HttpResponse:
    """Ask for agreement to new versions."""
    user = the_person(request)
    target = own_page(request, request.POST.get("next") or request.GET.get("next") or "")
    documents = legal.missing_consents(user)
    if not documents:
        request.session[middleware.SESSION_KEY] = True
        return redirect(target)
    shown = request.POST.get("documents", "")
    is_agreed = request.POST.get("consent") == "on" and shown == legal.signature(documents)
    if request.method == "POST" and is_agreed:
        legal.give_consent(user, documents)
        request.session[middleware.SESSION_KEY] = True
        return redirect(target)
    page = {"documents": documents, "signature": legal.signature(documents), "next": target,
            "is_missing": request.method == "POST"}
    return render(request, "accounts/consent.html", page)


@never_cache
@login_required
@require_safe
def your_data(request: HttpRequest) -> HttpResponse:
    """Your data: export and erase."""
    return render(request, "accounts/your_data.html", {"rooms": hooks.personal_data.all()})


@never_cache
@require_http_methods(["POST"])
@login_required
@reauthentication_required
def export(request: HttpRequest) -> HttpResponse:
    """Everything that is stored about the person, as a JSON file."""
    data = actions.export_personal_data(the_person(request))
    text = json.dumps(data, ensure_ascii=False, indent=1, default=str)
    response = HttpResponse(text, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="safeconduct-your-data.json"'
    return response


@never_cache
@login_required
@reauthentication_required
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest) -> HttpResponse:
    """Delete the account, after the password and a tick."""
    user = the_person(request)
    if request.method == "POST" and request.POST.get("sure") == "on":
        actions.erase_user(user, by=user)
        logout(request)
        messages.success(request, _("Your account and what was stored with it are deleted."))
        return redirect("/")
    return render(request, "accounts/erase.html", {"is_missing": request.method == "POST"})
