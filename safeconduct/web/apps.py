"""The shell of the portal: base templates, home, errors, languages, legal texts. Holds no tables."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "safeconduct.web"
    label = "web"
