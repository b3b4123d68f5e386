"""What every request of a signed-in person passes: when they were last seen, and agreement to new documents.

Agreement is asked for once after log-in, never in the middle of a session.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlencode

from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse

from safeconduct.accounts.legal import missing_consents
from safeconduct.accounts.models import User
from safeconduct.lib import clock
from safeconduct.lib.kept import Kept

SESSION_KEY = "consent_settled"
SEEN_EVERY = timedelta(minutes=10)
# Sessions that were found in the list within this minute: they are not looked for at every page.
_listed: Kept[bool] = Kept(10_000, 60.0)
Answer = Callable[[HttpRequest], HttpResponse]
# Pages that work before one agrees: reading the documents, leaving, erasing, help, language.
OPEN_NAMES = frozenset(
    {
        "accounts:consent", "accounts:erase", "accounts:export", "account_logout", "account_reauthenticate",
        "mfa_reauthenticate", "web:legal", "web:display", "web:offline", "orgs:brand_css", "orgs:logo",
    }
)
OPEN_ROOMS = frozenset({"centres"})


def last_seen(get_response: Answer) -> Answer:
    """Keep the list of sessions: at the first request of each, and every ten minutes.

    allauth's own middleware writes at every request; on SQLite each page view would take the write lock.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, User) and request.session.session_key:
            user, now = request.user, clock.now()
            name = (request.session.session_key, user.pk, now.replace(second=0, microsecond=0))
            _listed.of(name, lambda: _list(request, user, now))
        return get_response(request)

    return middleware


def _list(request: HttpRequest, user: User, now: datetime) -> bool:
    rows = UserSession.objects.filter(session_key=request.session.session_key, user=user)
    if not rows.filter(last_seen_at__gt=now - SEEN_EVERY).exists():
        UserSession.objects.create_from_request(request)
    return True


def fresh_consent(get_response: Answer) -> Answer:
    """Send people who have not agreed to the current versions to the consent page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, User) and not request.session.get(SESSION_KEY) and not _is_open(request):
            if missing_consents(request.user):
                query = urlencode({"next": request.get_full_path() if request.method == "GET" else "/"})
                return redirect(f"{reverse('accounts:consent')}?{query}")
            request.session[SESSION_KEY] = True
        return get_response(request)

    return middleware


def _is_open(request: HttpRequest) -> bool:
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return True
    return match.view_name in OPEN_NAMES or match.app_name in OPEN_ROOMS
