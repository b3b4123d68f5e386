"""Log lines as JSON, one a line, without personal data.

Addresses, names, codes and positions never belong in `extra`; messages are fixed texts, and only the fields
named in ALLOWED are written.
"""

from __future__ import annotations

import json
import logging
import traceback
from typing import Any

ALLOWED = ("error_id", "job", "count", "source", "status", "seconds", "pid", "event", "path")


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object; a traceback keeps its places and drops its values."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name in ALLOWED:
            value = getattr(record, name, None)
            if value is not None:
                line[name] = value
        if record.exc_info and record.exc_info[0] is not None:
            kind, _error, trace = record.exc_info
            line["error"] = kind.__name__
            line["places"] = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(trace)[-12:]]
        return json.dumps(line, ensure_ascii=False)
