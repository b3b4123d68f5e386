"""Password rules."""


class OrganisationPasswordValidator:
    """Ours."""

    def validate(self, password: str, user: object = None) -> None:
        """Accept."""

    def get_help_text(self) -> str:
        """Return the rule."""
        return ""
