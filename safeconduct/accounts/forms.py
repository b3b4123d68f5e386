"""Forms of this room: allauth's, with our words and rules."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from allauth.account import forms as allauth_forms
from allauth.account.internal.flows.login import perform_login
from allauth.account.models import EmailAddress, Login
from allauth.core import context
from django import forms
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from safeconduct.accounts import hooks, legal
from safeconduct.accounts.addresses import one_spelling
from safeconduct.accounts.models import User
from safeconduct.audit.actions import record
from safeconduct.lib.languages import offered

# One text for every address outside the domains, invited, known or unknown.
NOT_ADMITTED = _(
    "Use your organisation’s address. If you have been invited with another address, open the link in the invitation."
)
DIFFERENT = _("The two passwords differ. Type the same one again.")


def tidy_email(field: forms.Field, label: Any, *, autocomplete: str = "username") -> None:
    """Give an address field our label and what helps password managers."""
    field.label = label
    field.widget.attrs = {
        "type": "email", "autocomplete": autocomplete, "autocapitalize": "none", "spellcheck": "false",
        "maxlength": "254",
    }


def tidy_password(field: forms.Field, label: Any, *, new: bool) -> None:
    """Give a password field our label, no placeholder and no help text of Django's."""
    field.label, field.help_text = label, ""
    field.widget.attrs = {"autocomplete": "new-password" if new else "current-password", "maxlength": "256"}


class AddressForm(forms.Form):
    """Step 1 of log-in: the address alone. Nothing is looked up."""

    email = forms.EmailField(label=_("E-mail"), max_length=254)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tidy_email(self.fields["email"], _("E-mail"))

    def clean_email(self) -> str:
        """Return the address in its one spelling."""
        return one_spelling(self.cleaned_data["email"])


class LoginForm(allauth_forms.LoginForm):
    """Step 2 of log-in: the password. The address came with step 1."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget = forms.HiddenInput(attrs={"autocomplete": "username"})
        tidy_password(self.fields["password"], _("Password"), new=False)


class SignupForm(allauth_forms.SignupForm):
    """Create account: organisation e-mail, password twice, agreement to the documents as they were shown."""

    consent = forms.BooleanField(
        label=_("I have read and agree"),
        error_messages={"required": _("Without your agreement we cannot open an account.")},
    )
    documents = forms.CharField(widget=forms.HiddenInput, required=False)
    field_order = ("email", "password1", "password2", "consent")
    account_already_exists: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shown = legal.current_documents()
        self.fields["documents"].initial = legal.signature(self.shown)
        tidy_email(self.fields["email"], _("Organisation e-mail"))
        tidy_password(self.fields["password1"], _("Password"), new=True)
        tidy_password(self.fields["password2"], _("Confirm password"), new=True)

    def clean_email(self) -> str:
        """Return the address. Raises ValidationError for one outside the domains, before anything is looked up."""
        email = self.cleaned_data["email"] = one_spelling(self.cleaned_data["email"])
        if not hooks.may_join(email, context.request):
            raise ValidationError(NOT_ADMITTED, code="not_admitted")
        return str(super().clean_email())

    def clean(self) -> dict[str, Any]:
        """Check the password rules, that both are the same, and that the documents have not changed meanwhile."""
        cleaned: dict[str, Any] = super().clean()
        if "password2" in self.errors:
            self._errors["password2"] = self.error_class([DIFFERENT])
        given = self.data.get(self.add_prefix("documents"), "")
        if given != legal.signature(self.shown):
            self.add_error("consent", _("The documents have changed meanwhile. Read them and agree again."))
        return cleaned

    def signup(self, request: HttpRequest, user: User) -> None:
        """Record the agreement."""
        legal.give_consent(user, self.shown)
        record("account.created", by=user, subject=user)

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Save, or for an address that has an account behave alike: same page, same work, a mail to its owner."""
        if not self.account_already_exists:
            try:
                with transaction.atomic():
                    return self.save(request), None
            except IntegrityError:
                # The same form came twice at once; the other one made the account.
                self.account_already_exists = True
        again = self._the_same_person()
        if again is not None:
            return None, perform_login(request, Login(user=again, email=again.email, signup=True))
        user, response = super().try_save(request)
        return user, response

    def _the_same_person(self) -> User | None:
        """Return the person who sent this form before and has not confirmed yet: same address, same password."""
        email, password = self.cleaned_data["email"], self.cleaned_data["password1"]
        user = User.objects.filter(email__iexact=email, is_active=True).first()
        if user is None:
            make_password(password)
            return None
        is_same = user.check_password(password)
        is_confirmed = EmailAddress.objects.filter(user=user, verified=True).exists()
        return user if is_same and not is_confirmed else None


class AddEmailForm(allauth_forms.AddEmailForm):
    """Change of address, within what the person's organisations admit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tidy_email(self.fields["email"], _("New e-mail address"), autocomplete="email")

    def clean_email(self) -> str:
        """Return the address. Raises ValidationError for one that the organisations do not admit."""
        email = self.cleaned_data["email"] = one_spelling(self.cleaned_data["email"])
        if not hooks.may_change_email(self.user, email):
            raise ValidationError(_("Use an address of your organisation."), code="not_admitted")
        return str(super().clean_email())


class ChangePasswordForm(allauth_forms.ChangePasswordForm):
    """Change of password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tidy_password(self.fields["oldpassword"], _("Current password"), new=False)
        tidy_password(self.fields["password1"], _("New password"), new=True)
        tidy_password(self.fields["password2"], _("Confirm new password"), new=True)


class ResetPasswordForm(allauth_forms.ResetPasswordForm):
    """Forgotten password, step 1."""

    def clean_email(self) -> str:
        """Return the address in its one spelling."""
        self.cleaned_data["email"] = one_spelling(self.cleaned_data["email"])
        return str(super().clean_email())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tidy_email(self.fields["email"], _("E-mail"))


class ResetPasswordKeyForm(allauth_forms.ResetPasswordKeyForm):
    """Forgotten password, step 3."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tidy_password(self.fields["password1"], _("New password"), new=True)
        tidy_password(self.fields["password2"], _("Confirm new password"), new=True)


def tidy_code(field: forms.Field) -> None:
    """Give a code field what helps phones."""
    field.label = _("Code")
    field.widget.attrs = {
        "autocomplete": "one-time-code", "autocapitalize": "characters", "spellcheck": "false", "maxlength": "20",
    }


class VerifyCodeForm(allauth_forms.ConfirmEmailVerificationCodeForm):
    """The code of the verification mail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tidy_code(self.fields["code"])


class ResetCodeForm(allauth_forms.ConfirmPasswordResetCodeForm):
    """The code of the reset mail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tidy_code(self.fields["code"])


class ReauthenticateForm(allauth_forms.ReauthenticateForm):
    """The password once more, before something important."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tidy_password(self.fields["password"], _("Password"), new=False)


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name, language and zone."""

    language = forms.ChoiceField(label=_("Language of mails and pages"), choices=offered)
    zone = forms.CharField(
        label=_("Time zone"), max_length=64,
        help_text=_("The zone’s name, for example Europe/Berlin. Times at a destination are always shown in its own."),
        widget=forms.TextInput(attrs={"spellcheck": "false", "list": "zones"}),
    )

    class Meta:
        model = User
        fields = ("given_name", "family_name", "language", "zone")

    def clean_zone(self) -> str:
        """Return the zone. Raises ValidationError for a name that is no zone."""
        zone = str(self.cleaned_data["zone"]).strip().replace(" ", "_")
        names = {name.lower(): name for name in available_timezones()}
        if zone.lower() not in names:
            raise ValidationError(_("There is no such zone. Write it like Europe/Berlin."))
        return names[zone.lower()]
