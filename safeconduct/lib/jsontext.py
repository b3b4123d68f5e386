"""Reading JSON that strangers wrote: no more than 20 MB, UTF-8, whole. The one place that parses a feed's JSON.

It refuses to know any vocabulary: what stands in the value is the readers' business.
"""

from __future__ import annotations

import json
from typing import Any

from safeconduct.lib.xml import SIZE_LIMIT, Unreadable


def read(data: bytes) -> Any:
    """The JSON value of a document; Unreadable when there is none: a page, cut off, empty, too large or too deep."""
    if len(data) > SIZE_LIMIT:
        raise Unreadable("too_large", f"{len(data):,} bytes: more than the limit of {SIZE_LIMIT:,}")
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        raise Unreadable("empty", "the document is empty")
    if start[:1] == b"<":
        raise Unreadable("html", "this is a page or XML, not JSON")
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Unreadable("encoding", f"the bytes are not UTF-8: {error.reason} at {error.start}") from None
    except json.JSONDecodeError as error:
        raise Unreadable("truncated", f"not complete JSON: {error.msg} at {error.pos}") from None
    except ValueError as error:
        raise Unreadable("not_json", f"no JSON that can be read: {error}"[:200]) from None
    except RecursionError:
        raise Unreadable("too_large", "nested beyond reason") from None
