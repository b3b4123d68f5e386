"""`safeconduct createoperator EMAIL`: makes an operator from a shell."""

from __future__ import annotations

import getpass
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser
from django.core.validators import validate_email

from safeconduct.accounts.actions import create_verified_user, grant_desk_role
from safeconduct.accounts.models import User
from safeconduct.lib.commands import JsonCommand
from safeconduct.lib.errors import Refused
from safeconduct.ops import start_links


class Command(JsonCommand):
    """Make an operator."""

    help = "Make an operator: asks for a password on a terminal, else prints a one-time link."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--link` prints a link on a terminal too."""
        super().add_arguments(parser)
        parser.add_argument("email")
        parser.add_argument("--link", action="store_true", help="print a one-time link instead of asking")

    def act(self, **options: Any) -> None:
        """Give an existing person the role, or make one."""
        email = options["email"].strip().lower()
        try:
            validate_email(email)
        except ValidationError:
            raise Refused("email.invalid", f"{email} is no e-mail address.") from None
        known = User.objects.filter(email__iexact=email).first()
        if known is not None:
            grant_desk_role(known, User.DeskRole.OPERATOR, by=None)
            self.emit({"email": email, "made": "operator"}, f"{email} has an account and is an operator now.")
        elif options["link"] or not sys.stdin.isatty():
            link = start_links.make_link(email=email)
            self.emit({"email": email, "link": link}, f"Open this link once, within seven days:\n{link}")
        else:
            create_verified_user(email, _asked(email), by=None, desk_role=User.DeskRole.OPERATOR)
            self.emit({"email": email, "made": "operator"}, f"{email} is an operator now.")


def _asked(email: str) -> str:
    password = getpass.getpass(f"Password for {email}: ")
    try:
        validate_password(password, User(email=email))
    except ValidationError as error:
        raise Refused("password.rules", "The password lacks: " + "; ".join(error.messages)) from None
    if getpass.getpass("The same again: ") != password:
        raise Refused("password.differ", "The two passwords differ.")
    return password
