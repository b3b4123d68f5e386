"""How mail leaves, at the desk: server, sender, and a test mail with every step of the conversation."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from safeconduct.accounts.models import User
from safeconduct.ops.forms import attempt
from safeconduct.orgs.access import desk_right_required, signed_in
from safeconduct.outbox import actions, mail_settings, queries
from safeconduct.outbox.models import MailSettings


class MailForm(forms.Form):
    """The mail server and the sender."""

    host = forms.CharField(
        label=gettext_lazy("Server"), max_length=253, help_text=gettext_lazy("For example smtp.example.edu.")
    )
    port = forms.IntegerField(label=gettext_lazy("Port"), min_value=1, max_value=65535, initial=587)
    tls = forms.ChoiceField(
        label=gettext_lazy("Protection"), choices=MailSettings.Tls.choices, initial="starttls"
    )
    user = forms.CharField(label=gettext_lazy("User name"), max_length=254, required=False)
    password = forms.CharField(
        label=gettext_lazy("Password"),
        max_length=500,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    from_address = forms.EmailField(label=gettext_lazy("Sender's address"), max_length=320)
    from_name = forms.CharField(
        label=gettext_lazy("Sender's name"), max_length=120, required=False, initial="Safeconduct"
    )
    sender_line = forms.CharField(
        label=gettext_lazy("Line at the foot"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("Who sends and where they can be reached, under every mail."),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        self.row = MailSettings.objects.filter(only=1).first()
        if self.row is not None:
            names = ("host", "port", "tls", "user", "from_address", "from_name", "sender_line")
            kwargs["initial"] = {name: getattr(self.row, name) for name in names}
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        if self.row is not None:
            self.fields["password"].help_text = _("Leave it empty to keep the stored one.")


class TestMailForm(forms.Form):
    """Where the test mail goes."""

    to = forms.EmailField(label=gettext_lazy("Send a test mail to"), max_length=254)


def store(form: MailForm, *, by: User) -> bool:
    """Store the settings; False after putting a refusal on the form."""
    values = dict(form.cleaned_data)
    password = values.pop("password") or (None if form.row else "")
    fields = {"mail.from": "from_address", "mail.tls": "tls"}
    return attempt(form, lambda: mail_settings.save(by=by, password=password, **values), fields) is not None


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@desk_right_required("mail.edit")
def mail(request: HttpRequest) -> HttpResponseBase:
    """The settings; the environment's win and are only shown."""
    form = MailForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and store(form, by=signed_in(request)):
        messages.success(request, _("Saved. Send a test mail now."))
        return redirect("ops:mail")
    return _page(request, form)


def _page(request: HttpRequest, form: MailForm, **more: object) -> HttpResponse:
    context = {
        "nav": "desk",
        "form": form,
        "config": mail_settings.current(),
        "health": queries.health(),
        "is_fixed": bool(settings.SAFECONDUCT_EMAIL_URL),
        "test_form": TestMailForm(initial={"to": signed_in(request).email}),
        "folder_kind": settings.SAFECONDUCT_FOLDER_KIND,
    }
    return render(request, "ops/desk/mail.html", context | more)


@require_POST
@desk_right_required("mail.edit")
def mail_test(request: HttpRequest) -> HttpResponse:
    """Send one mail now and show each step with the server's answer."""
    form = TestMailForm(request.POST)
    steps = actions.send_test_mail(form.cleaned_data["to"]) if form.is_valid() else []
    return _page(
        request, MailForm(), test_form=form, steps=steps, worked=bool(steps) and all(s.ok for s in steps)
    )
