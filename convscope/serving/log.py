"""What a service writes down of itself: an object a line, on standard error. No word of what was sent."""

import json
import sys
from datetime import UTC, datetime


def note(event: str, /, **facts: object) -> None:
    """Write a line."""
    line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **facts}
    try:
        sys.stderr.write(f"{json.dumps(line, ensure_ascii=True, default=str)}\n")
    except OSError:  # a full disk or a closed terminal behind it: the service goes on
        return
