"""People of an organisation: list, one person, roles, the end of a membership; invitations, single and by CSV."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound
from safeconduct.ops import access
from safeconduct.ops.forms import DateInput, InviteForm, ProgrammeChoice, attempt
from safeconduct.ops.manage import queries
from safeconduct.orgs import actions
from safeconduct.orgs.access import Seat, access_membership, require, right_required, signed_in, the_seat
from safeconduct.orgs.models import Invitation, PeopleImport, Programme
from safeconduct.orgs.permissions import MANAGER, ROLE_NAMES

TEMPLATE = "email,given_name,family_name,language\nmaya@northfield.example.edu,Maya,Brandt,en\n"


class RoleField(forms.ChoiceField):
    """Which role an invited person gets."""

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Role"),
            choices=lambda: [("", ROLE_NAMES["member"]), (MANAGER, ROLE_NAMES[MANAGER])],
            required=False,
            help_text=gettext_lazy("A manager sees every trip of the organisation."),
        )


class MemberInviteForm(InviteForm):
    """One person, with a role."""

    role = RoleField()


class PeopleCsvForm(forms.Form):
    """Many people, from a file."""

    programme = ProgrammeChoice(label=gettext_lazy("Programme"), queryset=None, empty_label=None)
    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        help_text=gettext_lazy(
            "These columns are read: email, and if you like given_name, family_name and language. "
            "Roles are given on the person’s page after they joined."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
    )

    def __init__(self, *args: object, seat: Seat, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["programme"].queryset = Programme.objects.for_org(seat.organisation)  # type: ignore[attr-defined]


class EndForm(forms.Form):
    """When a membership ends."""

    last_day = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=DateInput,
        help_text=gettext_lazy("Empty: it ends at once."),
    )


@require_safe
@right_required("people.view")
def people(request: HttpRequest) -> HttpResponse:
    """Everybody, by name; searched by name and address."""
    seat = the_seat(request)
    words, role = request.GET.get("q", "").strip()[:100], request.GET.get("role", "")
    rows = queries.people(seat, words=words, role=role if role in ROLE_NAMES else "")
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    context = {
        "nav": "people", "page": page, "people": queries.as_people(seat, page), "words": words, "role": role,
    }  # fmt: skip
    return render(request, "ops/manage/people.html", context)


@require_safe
@right_required("people.view")
def person(request: HttpRequest, public_id: str) -> HttpResponse:
    """One member: programme, number, roles, trips; what may be changed."""
    seat = the_seat(request)
    row = access_membership(seat, public_id, "people.view")
    context = {
        "nav": "people",
        "seat": seat,
        "membership": row,
        "roles": queries.roles_of(row),
        "role_names": ROLE_NAMES,
        "is_current": row.is_current_on(clock.today(seat.organisation.zone)),
        "end_form": EndForm(),
        "trips": queries.trips_of_person(seat, row) if seat.may("trips.view") else [],
    }
    return render(request, "ops/manage/person.html", context)


@require_POST
@right_required("people.roles")
def role(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Make somebody a manager, or a plain member again."""
    row = access_membership(the_seat(request), public_id, "people.roles")
    if request.POST.get("do") == "grant":
        actions.grant_role(row, by=signed_in(request), role=MANAGER)
        messages.success(request, _("%(name)s is a travel safety manager now.") % {"name": row.user.name})
    else:
        actions.revoke_role(row, by=signed_in(request), role=MANAGER)
        messages.success(request, _("%(name)s is no manager any more.") % {"name": row.user.name})
    return redirect(
        "ops:people" if row.user_id == signed_in(request).pk else "ops:person",
        *([] if row.user_id == signed_in(request).pk else [public_id]),
    )


@require_POST
@right_required("people.end")
def end(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """End a membership; trips under way are still warned until they end."""
    row = access_membership(the_seat(request), public_id, "people.end")
    form = EndForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The last day could not be read."))
        return redirect("ops:person", public_id)
    actions.end_membership(row, by=signed_in(request), last_day=form.cleaned_data["last_day"])
    messages.success(request, _("The membership ends. Trips under way are still warned until they end."))
    return redirect("ops:person", public_id)


@require_http_methods(["GET", "POST"])
@right_required("people.invite")
def invitations(request: HttpRequest) -> HttpResponseBase:
    """Who is invited, and inviting one more."""
    seat = the_seat(request)
    form = MemberInviteForm(request.POST or None, organisation=seat.organisation)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["role"]
        if chosen:
            require(seat, "people.roles")
        fields = {"email": "email", "invitation": "email", "programme": "programme"}
        if attempt(
            form,
            lambda: actions.invite(
                form.cleaned_data["programme"], by=signed_in(request), role=chosen, **form.invitation()
            ),
            fields,
        ):
            messages.success(request, _("Invitation on its way."))
            return redirect("ops:invitations")
    rows = Invitation.objects.for_org(seat.organisation).select_related("programme", "organisation")
    context = {
        "nav": "invitations",
        "form": form,
        "csv_form": PeopleCsvForm(seat=seat),
        "now": clock.now(),
        "role_names": ROLE_NAMES,
        "page": Paginator(rows, 50).get_page(request.GET.get("page")),
        "imports": PeopleImport.objects.for_org(seat.organisation)[:5],
    }
    return render(request, "ops/manage/invitations.html", context)


@require_POST
@right_required("people.invite")
def import_people(request: HttpRequest) -> HttpResponseBase:
    """Invite everybody in a CSV file."""
    seat = the_seat(request)
    form = PeopleCsvForm(request.POST, request.FILES, seat=seat)
    if form.is_valid():
        file = form.cleaned_data["file"]
        done = attempt(
            form,
            lambda: actions.import_people_csv(
                form.cleaned_data["programme"], file.read(), by=signed_in(request), file_name=file.name
            ),
            {"csv": "file"},
        )
        if done is not None:
            return redirect("ops:people_import_result", done.public_id)
    return render(request, "ops/manage/people_import.html", {"nav": "invitations", "csv_form": form})


@require_safe
@right_required("people.invite")
def import_result(request: HttpRequest, public_id: str) -> HttpResponse:
    """What became of each row of a file."""
    row = PeopleImport.objects.for_org(the_seat(request).organisation).filter(public_id=public_id).first()
    if row is None:
        raise NotFound("import")
    return render(request, "ops/manage/people_import_result.html", {"nav": "invitations", "done": row})


@require_safe
@right_required("people.invite")
def people_template(request: HttpRequest) -> HttpResponse:
    """A CSV file to fill in."""
    answer = HttpResponse(TEMPLATE, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="people.csv"'
    return answer


@require_POST
@right_required("people.invite")
def again(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Send an invitation again, with a new link."""
    row = access.the_invitation(the_seat(request).organisation, public_id)
    actions.resend_invitation(row, by=signed_in(request))
    messages.success(request, _("Invitation on its way again. The older link does not work any more."))
    return redirect("ops:invitations")


@require_POST
@right_required("people.invite")
def withdraw(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Make an invitation useless."""
    row = access.the_invitation(the_seat(request).organisation, public_id)
    actions.withdraw_invitation(row, by=signed_in(request))
    messages.success(request, _("The invitation is withdrawn."))
    return redirect("ops:invitations")
