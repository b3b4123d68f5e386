"""The WSGI application that `safeconduct serve` hands to the server."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from safeconduct.ops.early import wait_at_gate

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "safeconduct.config.settings")
application = get_wsgi_application()
# Every page's code is loaded now: the first visitor does not wait for it.
get_resolver().url_patterns  # noqa: B018
wait_at_gate()
