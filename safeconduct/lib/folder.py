"""The data folder: what kind it is, and the secrets it holds.

A folder is `real`, `demo` or `test`; the mark is written once, into an empty folder, and never changed.
Secrets are files of mode 600, made when the folder is.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Literal, cast

Kind = Literal["real", "demo", "test"]
KINDS: tuple[Kind, ...] = ("real", "demo", "test")
MARK = "folder.json"
SITE = "site.json"


def kind_of(home: Path) -> Kind:
    """Return the folder's kind; an unmarked folder is real."""
    mark = home / MARK
    if not mark.exists():
        return "real"
    kind = json.loads(mark.read_text(encoding="utf-8")).get("kind")
    if kind not in KINDS:
        raise ValueError(f"{mark} names no known kind of folder")
    return cast(Kind, kind)


def is_marked(home: Path) -> bool:
    """Return whether the folder has been made by set-up already."""
    return (home / MARK).exists()


def mark(home: Path, kind: Kind) -> None:
    """Make the folder and write its kind. Raises ValueError when it is marked otherwise already."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if is_marked(home):
        if kind_of(home) != kind:
            raise ValueError(f"{home} is a {kind_of(home)} folder and stays one")
        return
    (home / MARK).write_text(json.dumps({"kind": kind}) + "\n", encoding="utf-8")


def secret(home: Path, name: str) -> str:
    """Return the folder's secret `name`, making it (mode 600) the first time."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = home / f"{name}.secret"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8").strip()
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        value = secrets.token_urlsafe(48)
        file.write(value)
    return value


def base_url(home: Path) -> str:
    """Return the address that the operator entered in the desk, or "" while there is none."""
    site = home / SITE
    if not site.exists():
        return ""
    return str(json.loads(site.read_text(encoding="utf-8")).get("base_url", ""))


def store_base_url(home: Path, url: str) -> None:
    """Keep the address for the next start of every process (`serve` starts its processes again)."""
    fresh = home / f"{SITE}.new"
    fresh.write_text(json.dumps({"base_url": url}) + "\n", encoding="utf-8")
    fresh.replace(home / SITE)
