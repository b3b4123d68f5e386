"""100,000 matched travellers, one alert: every personal HTML + text mail accepted by a loopback sink.

Ours counts everything from the composed alert on: delivery rows, leases, rendering per person, SMTP, each
reply, attempts and states, on SQLite with synchronous=FULL. The peer is django-post-office with the same words, its
template rendered per mail, on the same kind of database, sending to the same sink in the same run, on fewer mails; rates
are compared. Rounds alternate and the median counts for the peer. Each side is a process of its own.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.common import Result
from benchmarks.sink import running
from safeconduct.outbox.styles import only_used

HERE = Path(__file__).parent
MAILS = int(os.environ.get("FANOUT_MAILS", "100000"))
PEER_MAILS = int(os.environ.get("FANOUT_PEER_MAILS", "2000"))
ALERT = {
    "headline": "Typhoon will cross Leyte on Tuesday",
    "event": "Tropical cyclone",
    "first": "Leave the coast before Mon 23 Nov, 18:00 (UTC+8).",
    "text": "Winds of 150 km/h, a storm surge of 2 to 3 m and closed airports are expected in Tacloban from"
    " Tue 24 Nov, 04:00 to Wed 25 Nov, 12:00 (UTC+8).",
    "steps": [
        "Leave the coast. Go inland to Ormoc or fly to Manila. The last flights fill a day ahead.",
        "If you stay, move to a concrete building above the third floor, at least 2 km from the sea.",
        "Prepare for three days without power: water, food, cash, medicines, charged batteries.",
    ],
}


def traveller(number: int) -> dict[str, str]:
    """The personal words of one made-up traveller."""
    return {
        "name": f"Maya Brandt {number}",
        "reason": f"your trip “Leyte field season {number}” says you are in Tacloban, Sun 22 to Fri 27 Nov.",
        "link": f"https://travel.example.edu/a/{number}",
    }


def run() -> list[Result]:
    """Measure both sides and return rate and memory."""
    peers: list[float] = []
    with running() as (port, name):
        peers.append(_side("peer", PEER_MAILS, port)["rate"])
        ours = _side("ours", MAILS, port)
        peers.append(_side("peer", PEER_MAILS, port)["rate"])
    peer = statistics.median(peers)
    ratio = ours["rate"] / peer
    megabytes = ours["peak_mb"]
    return [
        Result(
            "fanout",
            ours["rate"],
            "mails/s",
            f"django-post-office, {name}",
            peer,
            ratio,
            "≥ 10 ×",
            ratio >= 10,
        ),
        Result(
            "fanout.seconds",
            ours["seconds"],
            "s",
            "",
            None,
            None,
            f"{MAILS:,} mails all sent",
            ours["sent"] == MAILS,
        ),
        Result("fanout.memory", megabytes, "MB", "", None, None, "≤ 300 MB", megabytes <= 300),
    ]


def _side(side: str, count: int, port: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "SAFECONDUCT_HOME": home}
        environment.pop("SAFECONDUCT_AT", None)
        environment.pop("DATABASE_URL", None)
        answer = subprocess.run(
            [sys.executable, "-m", "benchmarks.fanout", side, str(count), str(port)],
            env=environment,
            cwd=HERE.parent,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found


def ours(count: int, port: int) -> dict[str, Any]:
    """Our side, in its own process: an empty folder, one alert, `count` travellers."""
    os.environ["EMAIL_URL"] = f"smtp://127.0.0.1:{port}?tls=none"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "safeconduct.config.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from django.db import connection
    from django.template import engines

    from safeconduct.outbox import actions, jobs, kinds
    from safeconduct.outbox.models import Attempt, Delivery

    engines["django"].engine.dirs.append(HERE / "templates")  # type: ignore[attr-defined]
    kind = kinds.register(kinds.Kind(code="benchmark.alert", room="benchmarks", unsubscribable=True))
    with connection.cursor() as cursor:
        synchronous = cursor.execute("PRAGMA synchronous").fetchone()[0]
    assert synchronous == 2, "the goal is stated for synchronous=FULL"

    started = time.perf_counter()
    message = actions.compose(kind, content_key="benchmark", language="en", context={"alert": ALERT})
    rows = (
        actions.Row(
            f"benchmark:{number}",
            f"traveller{number}@example.edu",
            traveller(number),
            f"https://travel.example.edu/u/{number}",
        )
        for number in range(count)
    )
    actions.enqueue_many(message, rows)
    filled = time.perf_counter()
    while jobs.run_due():
        pass
    seconds = time.perf_counter() - started
    return {
        "rate": count / seconds,
        "seconds": seconds,
        "fill_seconds": filled - started,
        "sent": Delivery.objects.filter(state=Delivery.State.SENT).count(),
        "attempts": Attempt.objects.filter(outcome=Attempt.Outcome.ACCEPTED).count(),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def peer(count: int, port: int) -> dict[str, Any]:
    """django-post-office: queue with `send_many`, send with `send_queued`, defaults but for the database."""
    import django
    from django.conf import settings

    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(Path(os.environ["SAFECONDUCT_HOME"]) / "peer.sqlite3"),
                "OPTIONS": {
                    "timeout": 20,
                    "transaction_mode": "IMMEDIATE",
                    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
                },
            }
        },
        EMAIL_BACKEND="post_office.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        POST_OFFICE={
            "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"},
            "CELERY_ENABLED": False,
            "LOCKFILE_NAME": str(Path(os.environ["SAFECONDUCT_HOME"]) / "post_office"),
        },
        TEMPLATES=[
            {
                "BACKEND": "post_office.template.backends.post_office.PostOfficeTemplates",
                "APP_DIRS": True,
                "NAME": "post_office",
                "OPTIONS": {"context_processors": []},
            },
            {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True},
        ],
        SECRET_KEY="benchmark",
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from post_office import mail
    from post_office.models import STATUS, Email, EmailTemplate

    text, html = _peer_words()
    template = EmailTemplate.objects.create(
        name="alert", subject="Severe: Typhoon will cross Leyte on Tuesday", content=text, html_content=html
    )
    started = time.perf_counter()
    mail.send_many(
        [
            {
                "recipients": [f"traveller{number}@example.edu"],
                "sender": "alerts@example.edu",
                "template": template,
                "context": traveller(number) | {"unsubscribe": f"https://travel.example.edu/u/{number}"},
                "headers": {"List-Unsubscribe": f"<https://travel.example.edu/u/{number}>"},
            }
            for number in range(count)
        ]
    )
    while Email.objects.filter(status=STATUS.queued).exists():
        mail.send_queued(processes=1, log_level=2)
    seconds = time.perf_counter() - started
    sent = Email.objects.filter(status=STATUS.sent).count()
    assert sent == count, f"the peer sent {sent} of {count}"
    return {"rate": count / seconds, "seconds": seconds}


def _peer_words() -> tuple[str, str]:
    """The same mail as a template for the peer: about the same bytes, the same personal words."""
    steps = "".join(f"<li>{step}</li>\n" for step in ALERT["steps"])
    source = HERE.parent / "safeconduct" / "outbox" / "templates" / "outbox" / "mail" / "base.html"
    style = source.read_text(encoding="utf-8").split("<style>")[1].split("</style>")[0]
    html = only_used(
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><style>{style}</style></head><body>"
        f"<main class='box'><div class='head'>Safeconduct alert to {{{{ name }}}}</div><h1>{ALERT['headline']}</h1><p class='first'>{ALERT['first']}</p>"
        f"<p>{ALERT['text']}</p><p class='why'><strong>Why you:</strong> {{{{ reason }}}}</p><h2>What to do</h2><ol>{steps}</ol>"
        "<p><a href='{{ link }}'>All steps, map and updates</a></p><div class='call'>24-hour help, Sydney centre, nearest"
        " to you<br><a href='tel:+61255500142'>+61 2 5550 0142</a></div><div class='foot sev sev4 pad pre'><p>You get this because a registered trip is"
        " touched. <a href='{{ unsubscribe }}'>Stop these mails</a></p></div></main></body></html>"
    )
    text = (
        f"{ALERT['headline']}\n\n{ALERT['first']}\n\n{ALERT['text']}\n\nWhy you: {{{{ reason }}}}\n\n"
        + "".join(f"- {step}\n" for step in ALERT["steps"])
        + "\n{{ link }}\n\nYou get this because a registered trip is touched, {{ name }}.\n{{ unsubscribe }}\n"
    )
    return text, html


if __name__ == "__main__":
    chosen = {"ours": ours, "peer": peer}[sys.argv[1]]
    sys.stdout.write(json.dumps(chosen(int(sys.argv[2]), int(sys.argv[3]))) + "\n")
