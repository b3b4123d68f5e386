"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = ROOT / "safeconduct"
OWN = [path for path in sorted(PACKAGE.rglob("*.py")) if "migrations" not in path.parts]


def test_files_stay_readable() -> None:
    assert {str(p.relative_to(ROOT)): n for p in OWN if (n := len(p.read_text().splitlines())) > 500} == {}


def test_functions_stay_readable() -> None:
    long = {}
    for path in OWN:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                length = node.end_lineno - node.lineno + 1
                if length > 100:
                    long[f"{path.relative_to(ROOT)}:{node.name}"] = length
    assert long == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(p.relative_to(ROOT)) for p in OWN
        if p.read_text().strip() and ast.get_docstring(ast.parse(p.read_text())) is None
    ]
    assert silent == []


def test_no_string_to_translate_stands_within_an_f_string() -> None:
    """The programs that collect strings do not find all of them there: such a one stays English for ever, unseen."""
    names = {"_", "gettext", "ngettext", "pgettext", "npgettext"}
    names |= {f"{name}_lazy" for name in names}
    within = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in OWN
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.JoinedStr)
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in names
        and isinstance(call.args[0], ast.Constant)
    ]
    assert within == []


def test_no_signals_and_no_overridden_save() -> None:
    found = [
        str(p.relative_to(ROOT)) for p in OWN
        if re.search(r"def save\(self|@receiver|\.connect\(.*sender=|from django\.db\.models\.signals", p.read_text())
    ]
    assert found == []


def test_models_of_tenants_have_the_guarded_manager() -> None:
    from safeconduct.orgs.tenancy import TenantManager, TenantModel

    tenants = [m for m in apps.get_models() if issubclass(m, TenantModel)]
    assert len(tenants) > 8
    for model in tenants:
        assert isinstance(model._default_manager, TenantManager), model
    ours = [m for m in apps.get_models() if m.__module__.startswith("safeconduct.")]
    loose = [
        m.__name__ for m in ours
        if not issubclass(m, TenantModel)
        and any(f.is_relation and f.related_model and f.related_model.__name__ == "Organisation" for f in m._meta.fields)
    ]
    assert loose == []


def test_reverse_relations_from_shared_rows_to_tenant_rows_are_hidden() -> None:
    from safeconduct.orgs.tenancy import TenantModel

    open_doors = []
    for model in apps.get_models():
        if not issubclass(model, TenantModel):
            continue
        for field in model._meta.fields:
            target = field.related_model if field.is_relation else None
            is_outside = isinstance(target, type) and not issubclass(target, TenantModel)
            if is_outside and not field.remote_field.hidden:
                open_doors.append(f"{model.__name__}.{field.name}")
    assert open_doors == []


@pytest.mark.django_db
def test_migrations_are_complete() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_lock_files_name_no_registry() -> None:
    words = re.compile(r"https?://|index-url|\"resolved\"")
    locks = [*ROOT.glob("requirements/*.txt"), ROOT / "frontend/package-lock.json"]
    assert len(locks) >= 4
    named = {}
    for lock in locks:
        hits = [line for line in lock.read_text().splitlines() if words.search(line) and '"url"' not in line]
        if hits:
            named[lock.name] = hits[:3]
    assert named == {}
