"""A guide's page as a signed-in member gets it: kept, not changed, made anew, beside an empty view.

All go through the whole stack of the product in one process: middleware, session, seat and rights, on SQLite; what is
timed is processor time of a request from WSGI environment to bytes. The empty view stands behind the same guard and
answers nothing; `made anew` is the same page with nothing kept. The folder is filled with advice of five invented
issuers in long sections, so that the page is not a small one. Rounds take turns; a figure is the median of rounds.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from benchmarks.common import Result

HERE = Path(__file__).resolve().parent
ROUNDS, KEPT_REQUESTS, MADE_REQUESTS = 7, 150, 6
KEY = "iso:KE"
LEAST_OF_EMPTY, LEAST_OVER_MADE, MOST_KB = 0.7, 40.0, 80.0


def run() -> list[Result]:
    """Make a folder, measure in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="safeconduct-bench-") as home:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SAFECONDUCT", "DATABASE", "EMAIL"))
        }
        environment = {**kept, "SAFECONDUCT_HOME": home}
        cli = [sys.executable, "-m", "safeconduct.config.cli"]
        subprocess.run([*cli, "demo"], env=environment, check=True, stdout=subprocess.DEVNULL)
        command = [sys.executable, "-c", "from benchmarks import guidepage; guidepage.measure()"]
        answer = subprocess.run(
            command, env=environment, check=True, stdout=subprocess.PIPE, text=True, cwd=HERE.parent
        )
    found = json.loads(answer.stdout.strip().splitlines()[-1])
    empty, page, same, made = (1000 / found[name] for name in ("empty", "kept", "same", "made"))
    return [
        Result(
            "guide_page.kept", page, "req/s", "empty view, same guard", empty, page / empty,
            f"≥ {LEAST_OF_EMPTY} ×", page / empty >= LEAST_OF_EMPTY,
        ),
        Result(
            "guide_page.304", same, "req/s", "empty view, same guard", empty, same / empty,
            f"≥ {LEAST_OF_EMPTY} ×", same / empty >= LEAST_OF_EMPTY,
        ),
        Result(
            "guide_page.over_made", page, "req/s", "the same page made anew", made, page / made,
            f"≥ {LEAST_OVER_MADE:.0f} ×", page / made >= LEAST_OVER_MADE,
        ),
        Result(
            "guide_page.wire", found["kilobytes"], "KB gzip", "", None, None,
            f"≤ {MOST_KB:.0f} KB", found["kilobytes"] <= MOST_KB,
        ),
    ]  # fmt: skip


def measure() -> None:
    """Time everything in this process and print milliseconds of processor time a request."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "safeconduct.config.settings"
    import django

    django.setup()
    from django.conf import settings
    from django.urls import clear_url_caches

    settings.ROOT_URLCONF = "benchmarks.guideurls"
    clear_url_caches()
    from django.core.wsgi import get_wsgi_application

    from safeconduct.guides import keeping

    _fill()
    application = get_wsgi_application()
    cookie = _session()

    def asked(path: str, etag: str = "") -> tuple[str, dict[str, str], bytes]:
        return _ask(application, path, cookie, etag)

    page = f"/destinations/{KEY}/"
    status, headers, body = asked(page)
    assert status.startswith("200") and len(body) > 20_000, (status, len(body))
    etag = headers["ETag"]
    assert asked(page, etag)[0].startswith("304")
    assert asked("/bench/empty/")[0].startswith("200")
    import gzip

    def made() -> None:
        keeping.forget()
        asked(page)

    sides: dict[str, tuple[Callable[[], Any], int]] = {
        "empty": (lambda: asked("/bench/empty/"), KEPT_REQUESTS),
        "kept": (lambda: asked(page), KEPT_REQUESTS),
        "same": (lambda: asked(page, etag), KEPT_REQUESTS),
        "made": (made, MADE_REQUESTS),
    }
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _round in range(ROUNDS):
        for name, (act, count) in sides.items():
            act()
            began = time.process_time()
            for _ in range(count):
                act()
            times[name].append((time.process_time() - began) * 1000 / count)
    found = {name: statistics.median(values) for name, values in times.items()}
    sys.stdout.write(json.dumps({**found, "kilobytes": len(gzip.compress(body, 6)) / 1024}) + "\n")


def _fill() -> None:
    """Advice of five issuers with long sections, and what editors wrote: a page as it is in use."""
    from safeconduct.advisories.models import Advisory, AdvisoryVersion, Section
    from safeconduct.feeds.models import Source
    from safeconduct.guides.models import Edition
    from safeconduct.guides.sections import PARTS
    from safeconduct.lib import clock
    from safeconduct.places.models import Place
    from safeconduct.ratings.actions import reckon_all

    now = clock.now()
    words = "<p>" + "Invented words of nobody, as long as real ones are. " * 12 + "</p>"
    for number in range(5):
        source = Source.objects.create(
            key=f"bench-{number}",
            name=f"Invented Ministry {number}",
            format="fcdo",
            licence="none",
            attribution="Nobody",
        )
        advisory = Advisory.objects.create(
            source=source, identifier="ke", country_code="KE", category="security", title="Kenya",
            url="https://example.org/ke", level=2, level_max=4, is_partial=True, original_level="Exercise caution",
            level_since=now, first_seen_at=now, fetched_at=now, changed_at=now, number=1, summary=words,
        )  # fmt: skip
        AdvisoryVersion.objects.create(
            advisory=advisory,
            number=1,
            change="first",
            is_notable=False,
            title="Kenya",
            level=2,
            level_max=4,
            recorded_at=now,
        )
        for position, key in enumerate(Section.Key.values):
            Section.objects.create(
                advisory=advisory,
                key=key,
                position=position,
                heading=key,
                lang="en",
                html=words * 3,
                digest="x",
                since=now,
            )
    place = Place.objects.get(key=KEY)
    for part in PARTS:
        Edition.objects.create(
            place=place, part=part, language="en", number=1, state=Edition.State.PUBLISHED, body="Invented *text*. " * 40,
            written_by_id=1, written_by_label="Nobody", written_at=now, published_at=now,
        )  # fmt: skip
    reckon_all(["KE"])


def _session() -> str:
    """The cookie of a signed-in traveller of the demonstration."""
    from django.conf import settings
    from django.test import Client

    from safeconduct.accounts.models import User

    client = Client()
    client.force_login(User.objects.get(email__startswith="maya@"))
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    # As a browser has it from its first page: whoever has none gets a new page each time.
    return f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={'a' * 32}"


def _ask(application: Any, path: str, cookie: str, etag: str) -> tuple[str, dict[str, str], bytes]:
    environment: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_COOKIE": cookie,
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if etag:
        environment["HTTP_IF_NONE_MATCH"] = etag
    got: list[Any] = []
    body = application(environment, lambda status, headers, _error=None: got.append((status, dict(headers))))
    content = b"".join(body)
    if hasattr(body, "close"):
        body.close()
    return got[0][0], got[0][1], content
