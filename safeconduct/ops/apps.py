"""Django's handle on this room."""

from __future__ import annotations

import os

from django.apps import AppConfig


class OpsConfig(AppConfig):
    """Running the house."""

    name = "safeconduct.ops"
    label = "ops"

    def ready(self) -> None:
        """Say what this room stores about people, and tie a process that `serve` started to the life of its parent (see processes.py)."""
        from safeconduct.accounts.hooks import personal_data
        from safeconduct.ops.personal import OWN_DATA

        personal_data.add(OWN_DATA)
        if os.environ.pop("SAFECONDUCT_CHILD_OF_WEB", ""):
            from safeconduct.ops.processes import die_with_parent

            die_with_parent()
