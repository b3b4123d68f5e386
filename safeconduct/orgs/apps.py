"""Django's handle on this room."""

from django.apps import AppConfig


class OrgsConfig(AppConfig):
    """Organisations, programmes, memberships and rights."""

    name = "safeconduct.orgs"
    label = "orgs"

    def ready(self) -> None:
        """Answer what accounts asks, and register mails and personal data."""
        from safeconduct.accounts import hooks
        from safeconduct.orgs import emails, entrance, personal  # noqa: F401 - emails registers its kinds

        hooks.may_join.fill(entrance.may_join)
        hooks.may_change_email.fill(entrance.may_change_email)
        hooks.password_rule.fill(entrance.password_rule)
        hooks.entrance.fill(entrance.entrance)
        hooks.after_login.fill(entrance.after_login)
        hooks.membership_lines.fill(entrance.membership_lines)
        hooks.personal_data.add(personal.OWN_DATA)
