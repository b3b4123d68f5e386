"""The `safeconduct` command: takes `--at T` off any command, then hands over to Django."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from safeconduct.lib import clock, folder

# `safeconduct demo` and `setup --test` make the folder that `--at` then may be used in.
MAKES_FOLDER = {"demo": "demo"}


def without_at(arguments: Sequence[str]) -> tuple[list[str], str | None]:
    """Return the arguments without `--at T` or `--at=T`, and T."""
    rest: list[str] = []
    at: str | None = None
    waiting = False
    for argument in arguments:
        if waiting:
            at, waiting = argument, False
        elif argument == "--at":
            waiting = True
        elif argument.startswith("--at="):
            at = argument.removeprefix("--at=")
        else:
            rest.append(argument)
    if waiting:
        raise SystemExit("safeconduct: --at wants an instant, for example --at 2026-11-22T09:00Z")
    return rest, at


def home() -> Path:
    """Return the data folder."""
    return Path(os.environ.get("SAFECONDUCT_HOME", "./var")).resolve()


def prepare_folder(arguments: Sequence[str]) -> None:
    """Mark an unmarked folder before the settings read its kind."""
    place = home()
    command = arguments[0] if arguments else ""
    if folder.is_marked(place):
        return
    # A folder with data and no mark is somebody's real folder: never turn it into a demo or test folder.
    holds_data = any(place.glob("*.sqlite3")) or any(place.glob("*.secret"))
    if command == "demo" and not holds_data:
        folder.mark(place, "demo")
    elif command == "setup" and "--test" in arguments and not holds_data:
        folder.mark(place, "test")
    elif command in ("setup", "serve"):
        folder.mark(place, "real")


def speak_utf8() -> None:
    """Print UTF-8 whatever the locale says: answers are read by other programs, and names are not ASCII."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")


def main() -> None:
    """Run one command and exit with its status."""
    speak_utf8()
    arguments, at = without_at(sys.argv[1:])
    if at is not None:
        try:
            clock.parse_instant(at)
        except ValueError:
            raise SystemExit(f"safeconduct: --at {at!r} is no ISO 8601 instant") from None
        os.environ[clock.ENVIRONMENT_NAME] = at
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "safeconduct.config.settings")
    prepare_folder(arguments)
    if arguments[:1] == ["serve"]:
        from safeconduct.ops import early

        early.start_web(home(), arguments)
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line([sys.argv[0], *arguments])
    except ImproperlyConfigured as error:
        raise SystemExit(f"safeconduct: {error}") from error
    except BrokenPipeError:
        # Whoever reads has enough (`| head`): no fault, and nothing more to say on the way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141) from None


if __name__ == "__main__":
    main()
