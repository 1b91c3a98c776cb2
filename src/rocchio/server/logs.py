"""One JSON line for each request and each event, on standard error. No text of documents or queries."""

from __future__ import annotations

import time
import traceback
from typing import IO, Any

import orjson


class Log:
    """Writes lines to `out`; None keeps quiet."""

    def __init__(self, out: IO[str] | None = None, *, requests: bool = True) -> None:
        self._out, self.requests = out, requests

    def event(self, event: str, **members: Any) -> None:
        """A line of JSON with the time (seconds since 1970, UTC), the event and its members."""
        if self._out is not None:
            line = orjson.dumps({"time": round(time.time(), 3), "event": event, **members}, default=str)
            self._out.write(line.decode() + "\n")
            if event != "request":
                self._out.flush()

    def flush(self) -> None:
        """Write what waits: lines of requests do, for about a second, because a system call each costs a tenth."""
        if self._out is not None:
            self._out.flush()

    def failure(self, error: BaseException, request_id: str) -> None:
        """What a client is not told: the error, its notes and where it came from."""
        trace = traceback.format_exception(error)
        self.event("error", request=request_id, kind=type(error).__name__, text=str(error), trace="".join(trace))


def to_standard_error(*, requests: bool = True) -> Log:
    """The log of a server that was started from the command line."""
    out = open(2, "w", 1 << 16, encoding="utf-8", closefd=False)  # noqa: SIM115
    return Log(out, requests=requests)
