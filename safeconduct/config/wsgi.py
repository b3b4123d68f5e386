"""The WSGI application that `safeconduct serve` hands to the server."""

import os
import threading

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from safeconduct.ops.early import wait_at_gate
from safeconduct.places import worldmap

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "safeconduct.config.settings")
application = get_wsgi_application()
# It needs the models, which are there from here on.
from safeconduct.places.searchindex import opening  # noqa: E402

# Every page's code is loaded now: the first visitor does not wait for it.
get_resolver().url_patterns  # noqa: B018
wait_at_gate()
# The shapes of the world take half a second to read. Maps come later than the first pages, which do not wait for it.
# So is the search's index, opened in a moment, and made in some seconds after new facts were loaded.
for prepare in (opening.prepare, worldmap.prepare):
    _later = threading.Timer(2.0, prepare)
    _later.daemon = True
    _later.start()
