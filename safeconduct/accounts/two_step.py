"""How allauth's two-step log-in looks in this house."""

from __future__ import annotations

from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.auth.base_user import AbstractBaseUser


class TwoStepAdapter(DefaultMFAAdapter):
    """Ours."""

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        """Return what the app calls the account: the address."""
        return str(getattr(user, "email", ""))

    def build_totp_svg(self, url: str) -> str:
        """Return the picture on white ground: a camera reads no dark code on a dark page."""
        svg = str(super().build_totp_svg(url))
        start = svg.index(">", svg.index("<svg")) + 1
        return f'{svg[:start]}<rect width="100%" height="100%" fill="#fff"/>{svg[start:]}'
