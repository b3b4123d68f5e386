"""`/desk/start/`: from the one-time link to a portal that somebody can join, step by step, resumable."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from safeconduct.accounts import legal
from safeconduct.accounts.actions import create_verified_user
from safeconduct.accounts.models import User
from safeconduct.accounts.passwords import PORTAL
from safeconduct.accounts.site import base_url
from safeconduct.centres import actions as centre_actions
from safeconduct.centres.forms import CentreForm, CsvForm
from safeconduct.centres.queries import all_centres
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.lib.ids import token_digest
from safeconduct.ops import progress, start_links
from safeconduct.ops.desk.mail import MailForm, TestMailForm, store
from safeconduct.ops.desk.organisations import PART_FIELDS, make_organisation
from safeconduct.ops.forms import FirstOrganisationForm, InviteForm, attempt
from safeconduct.ops.models import StartLink
from safeconduct.orgs import actions as org_actions
from safeconduct.orgs.access import desk_right_required, signed_in
from safeconduct.orgs.models import MembershipNumber, Organisation
from safeconduct.orgs.permissions import MANAGER
from safeconduct.outbox import actions as outbox_actions
from safeconduct.outbox import mail_settings

SESSION_KEY = "start_link"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class OperatorForm(forms.Form):
    """The own account of an operator, or of whoever else was given a link to the desk."""

    email = forms.EmailField(label=gettext_lazy("Your e-mail"), max_length=254)
    given_name = forms.CharField(label=gettext_lazy("Given name"), max_length=150)
    family_name = forms.CharField(label=gettext_lazy("Family name"), max_length=150, required=False)
    password1 = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password2 = forms.CharField(
        label=gettext_lazy("The same password again"),
        strip=False,
        max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    consent = forms.BooleanField(
        label=gettext_lazy("I have read the privacy notice and the terms, and agree")
    )

    def __init__(self, *args: Any, fixed_email: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fixed_email = fixed_email
        if fixed_email:
            self.fields["email"].initial, self.fields["email"].disabled = fixed_email, True

    def clean(self) -> dict[str, Any]:
        """The password keeps the rules and was typed twice."""
        cleaned = super().clean() or {}
        first, second = cleaned.get("password1"), cleaned.get("password2")
        if first and second and first != second:
            self.add_error("password2", _("The two passwords differ. Type the same one again."))
        if first:
            person = User(email=cleaned.get("email", ""), given_name=cleaned.get("given_name", ""))
            try:
                validate_password(first, person)
            except ValidationError as error:
                self.add_error("password1", error)
        return cleaned


class AddressForm(forms.Form):
    """The portal's own address."""

    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=200,
        help_text=gettext_lazy(
            "As people will type it, for example https://travel.example.edu. Links in mails begin with it."
        ),
    )

    def clean_url(self) -> str:
        """Scheme and host, nothing behind."""
        text = str(self.cleaned_data["url"]).strip().rstrip("/")
        try:
            parts = urlsplit(text)
            is_bare = (
                f"{parts.scheme}://{parts.netloc}".lower() == text.lower()
                and "@" not in text
                and parts.port != 0
            )
        except ValueError:
            parts, is_bare = urlsplit(""), False
        if parts.scheme not in ("http", "https") or not parts.hostname or not is_bare:
            raise ValidationError(_("Write https://, the host and nothing behind it."))
        if "." in parts.hostname and not parts.hostname.replace(".", "").isdigit():
            URLValidator(schemes=["http", "https"])(text)
        return text


@sensitive_post_parameters("password1", "password2")
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponseBase:
    """The one-time link, then the operator's account; an operator who comes back goes on where they were."""
    if "token" in request.GET:
        # Out of the address bar at once: the address is in histories and in Referer headers.
        request.session[SESSION_KEY] = token_digest(request.GET["token"])
        return redirect("ops:start")
    person = request.user
    if isinstance(person, User) and person.is_operator:
        if progress.is_finished():
            return redirect("ops:desk")
        step = progress.next_step()
        return redirect(step.url if step else reverse("ops:start_done"))
    try:
        link = start_links.open_link(request.session.get(SESSION_KEY, ""))
    except Refused as refusal:
        return render(
            request,
            "ops/desk/start_stale.html",
            {"reason": refusal.text, "has_operator": start_links.has_operator()},
            status=410,
        )
    form = OperatorForm(request.POST or None, fixed_email=link.email)
    if request.method == "POST" and form.is_valid():
        made = attempt(form, lambda: _make_person(form, link), {"email.taken": "email"})
        if made is not None:
            request.session.pop(SESSION_KEY, None)
            login(request, made, backend=BACKEND)
            step = progress.next_step() if _sets_up(made.desk_role) else None
            return redirect(step.url if step else reverse("ops:desk"))
    context = {
        "form": form,
        "rules": PORTAL,
        "documents": legal.current_documents(),
        "role": User.DeskRole(link.role).label,
        "steps": progress.steps() if _sets_up(link.role) else [],
        "current": "operator",
    }
    return render(request, "ops/desk/start_operator.html", context)


def _sets_up(role: str) -> bool:
    """Whether set-up waits for somebody new: an operator, as long as no other one came to its end."""
    return role == User.DeskRole.OPERATOR and progress.state().finished_at is None


def _make_person(form: OperatorForm, link: StartLink) -> User:
    data = form.cleaned_data
    with transaction.atomic():
        made = create_verified_user(
            data["email"],
            data["password1"],
            by=None,
            given_name=data["given_name"],
            family_name=data["family_name"],
            desk_role=link.role,
        )
        start_links.use_link(link.token_digest, by=made)
        legal.give_consent(made, legal.current_documents())
    return made


@require_http_methods(["GET", "POST"])
@desk_right_required("orgs.edit")
def start_step(request: HttpRequest, code: str) -> HttpResponseBase:
    """One step behind the account."""
    act = STEPS.get(code)
    if act is None:
        raise NotFound("step")
    if request.method == "POST" and request.POST.get("later"):
        progress.put_off(code)
        return _onward(code)
    return act(request)


def _onward(code: str) -> HttpResponseBase:
    step = progress.next_step(after=code)
    return redirect(step.url if step else reverse("ops:start_done"))


def _page(request: HttpRequest, code: str, **context: Any) -> HttpResponse:
    shared = {
        "steps": progress.steps(),
        "current": code,
        "title": progress.TITLES[code],
        "nav": "desk",
        "may_wait": code in progress.MAY_WAIT,
        "number": list(progress.TITLES).index(code) + 1,
        "all": len(progress.TITLES),
    }
    return render(request, f"ops/desk/start_{code}.html", shared | context)


def _address(request: HttpRequest) -> HttpResponseBase:
    here = f"{request.scheme}://{request.get_host()}"
    form = AddressForm(
        request.POST or None,
        initial={"url": settings.SAFECONDUCT_URL if settings.SAFECONDUCT_URL_IS_FIXED else here},
    )
    if request.method == "POST" and settings.SAFECONDUCT_URL_IS_FIXED:
        return _onward("address")
    if request.method == "POST" and form.is_valid():
        progress.store_base_url(form.cleaned_data["url"], by=signed_in(request))
        return _onward("address")
    return _page(request, "address", form=form, is_fixed=settings.SAFECONDUCT_URL_IS_FIXED, here=here)


def _mail(request: HttpRequest) -> HttpResponseBase:
    config = mail_settings.current()
    person = signed_in(request)
    sending = request.method == "POST" and "test" in request.POST
    form = MailForm(request.POST if request.method == "POST" and not sending else None)
    test = TestMailForm(request.POST if sending else None, initial={"to": person.email})
    steps: list[Any] = []
    if sending and test.is_valid():
        steps = outbox_actions.send_test_mail(test.cleaned_data["to"])
    elif request.method == "POST" and not sending and form.is_valid() and store(form, by=person):
        steps = outbox_actions.send_test_mail(person.email)
        form, config = MailForm(), mail_settings.current()
    return _page(
        request,
        "mail",
        form=form,
        test_form=test,
        smtp_steps=steps,
        config=config,
        worked=bool(steps) and all(step.ok for step in steps),
        is_fixed=bool(settings.SAFECONDUCT_EMAIL_URL),
    )


def _organisation(request: HttpRequest) -> HttpResponseBase:
    form = FirstOrganisationForm(
        request.POST or None, request.FILES or None, initial={"valid_from": clock.today()}
    )
    if request.method == "POST" and form.is_valid():
        made = make_organisation(form, by=signed_in(request))
        if made is not None:
            messages.success(request, _("%(name)s is set up.") % {"name": made.name})
            return _onward("organisation")
    return _page(request, "organisation", form=form, multipart=True, existing=Organisation.objects.all())


def _manager(request: HttpRequest) -> HttpResponseBase:
    first = Organisation.objects.filter(is_active=True).order_by("created_at", "pk").first()
    if first is None:
        return redirect("ops:start_step", "organisation")
    form = InviteForm(request.POST or None, organisation=first)
    if request.method == "POST" and form.is_valid():
        invite = lambda: org_actions.invite(  # noqa: E731
            form.cleaned_data["programme"], by=signed_in(request), role=MANAGER, **form.invitation()
        )
        if attempt(form, invite, PART_FIELDS) is not None:
            messages.success(request, _("Invitation on its way."))
            return _onward("manager")
    return _page(
        request, "manager", form=form, organisation=first, mail_is_set_up=mail_settings.current() is not None
    )


def _centres(request: HttpRequest) -> HttpResponseBase:
    by_file = request.method == "POST" and "csv" in request.POST
    form = CentreForm(request.POST if request.method == "POST" and not by_file else None)
    csv_form = CsvForm(request.POST if by_file else None, request.FILES if by_file else None)
    done = None
    if by_file and csv_form.is_valid():
        file = csv_form.cleaned_data["file"]
        read = lambda: centre_actions.import_csv(file.read(), file_name=file.name, by=signed_in(request))  # noqa: E731
        done = attempt(csv_form, read, {"csv": "file"})
    elif form.is_bound and form.is_valid() and form.details:
        details = form.details
        if attempt(
            form, lambda: centre_actions.add_centre(details, by=signed_in(request)), {"centre.name": "name"}
        ):
            messages.success(
                request, _("%(name)s added. Add another one, or go on.") % {"name": details.name}
            )
            return redirect("ops:start_step", "centres")
    return _page(request, "centres", form=form, csv_form=csv_form, done=done, centres=all_centres())


STEPS = {
    "address": _address,
    "mail": _mail,
    "organisation": _organisation,
    "manager": _manager,
    "centres": _centres,
}


@require_http_methods(["GET"])
@desk_right_required("orgs.edit")
def start_done(request: HttpRequest) -> HttpResponse:
    """What is ready, what was put off, and what happens next."""
    progress.finish(by=signed_in(request))
    first = Organisation.objects.order_by("created_at").first()
    today = clock.today()
    numbers = [n for n in MembershipNumber.objects.for_org(first) if n.is_valid_on(today)] if first else []
    context = {
        "steps": progress.steps(),
        "current": "done",
        "nav": "desk",
        "organisation": first,
        "number_to_publish": numbers[0].number if numbers else "",
        "portal": base_url(),
    }
    return render(request, "ops/desk/start_done.html", context)
