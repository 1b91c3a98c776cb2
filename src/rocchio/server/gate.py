"""Around every route: who asks, how often, how it went. Plain ASGI, because each microsecond is paid by each search."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable

from fastapi import FastAPI
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from rocchio.errors import BusyError
from rocchio.server.access import LOCAL, OPEN_PATHS, Caller
from rocchio.server.answers import error_answer
from rocchio.server.console import is_console
from rocchio.server.problems import HttpRefusal
from rocchio.server.rate import RateLimiter
from rocchio.server.state import State

Endpoint = Callable[[Request, str], Awaitable[Response]]
_BEFORE, _AFTER = "/collections/", "/search"
SEARCH = f"{_BEFORE}{{name}}{_AFTER}"
_WANTED = frozenset({b"authorization", b"host", b"origin"})


class Gate:
    """The application: `api` with all its routes, but searches go straight to `search`, the endpoint of their route.

    What FastAPI does between a request and an endpoint without parameters takes longer than the search itself. `scope`
    gets "rocchio.state", "rocchio.request", an id for the log, and "rocchio.caller".
    """

    def __init__(self, api: FastAPI, state: State, search: Endpoint) -> None:
        self.api, self.state, self._search = api, state, search
        self._rates = RateLimiter(state.limits.rate)
        self._in_flight, self._number, self._prefix = 0, 0, secrets.token_hex(4)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; other events of ASGI pass."""
        if scope["type"] != "http":
            if scope["type"] != "websocket":  # there are none: the connection is dropped
                await self.api(scope, receive, send)
            return
        started, status = time.perf_counter(), 0
        name = searched(scope)
        self._number += 1
        scope["rocchio.request"] = f"{self._prefix}-{self._number:x}"
        scope["rocchio.state"] = self.state

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._in_flight += 1
        try:
            self._admit(scope, name is not None)
            if name is None:
                await self.api(scope, receive, noting)
            else:
                answer = await self._search(Request(scope, receive), name)
                status = answer.status_code
                await answer(scope, receive, send)
        except ClientDisconnect:
            pass
        except Exception as error:  # the last place where one can be caught
            answer = error_answer(self.state.log, scope["rocchio.request"], error)
            if not status:
                await answer(scope, receive, noting)
        finally:
            self._in_flight -= 1
            route = SEARCH if name is not None else getattr(scope.get("route"), "path", "other")
            self._note(scope, route, status, time.perf_counter() - started)

    def _admit(self, scope: Scope, is_search: bool) -> None:
        """Raises HttpRefusal, BusyError."""
        scope["rocchio.caller"] = LOCAL
        if not is_search and (scope["path"] in OPEN_PATHS or is_console(scope["path"])):
            return
        limits, access = self.state.limits, self.state.access
        if self._in_flight > limits.in_flight:
            raise BusyError(f"expected at most {limits.in_flight} requests at once, found more; try again later")
        headers = {name: value for name, value in scope["headers"] if name in _WANTED}
        given, origin = headers.get(b"authorization"), headers.get(b"origin")
        caller = access.caller(given.decode("latin-1") if given else None)
        if caller is None:
            found = "an unknown one" if given else "none"
            raise HttpRefusal(401, "no key", f"expected a key as Authorization: Bearer KEY, found {found}")
        host = headers.get(b"host", b"").decode("latin-1")
        if access.refuses_origin(host, origin.decode("latin-1") if origin is not None else None):
            raise HttpRefusal(403, "another site", "expected a request to localhost, not from a page of another site, "
                              "as long as no keys tell who asks; found one")  # fmt: skip
        scope["rocchio.caller"] = caller
        if self._rates.rate:
            self._limit(caller, scope)

    def _limit(self, caller: Caller, scope: Scope) -> None:
        who = caller.key_id if caller is not LOCAL else str((scope.get("client") or ("",))[0])
        wait_s = self._rates.wait_s(who)
        if wait_s:
            rate = self.state.limits.rate
            raise HttpRefusal(
                429, "too many requests", f"expected at most {rate:g} requests a second, found more", wait_s
            )

    def _note(self, scope: Scope, route: str, status: int, seconds: float) -> None:
        self.state.metrics.answered(scope["method"], route, status, seconds)
        log = self.state.log
        if log.requests:
            log.event("request", request=scope["rocchio.request"], key=scope["rocchio.caller"].key_id,
                      method=scope["method"][:16], route=route, status=status,
                      ms=round(seconds * 1000, 3))  # fmt: skip


def searched(scope: Scope) -> str | None:
    """The collection's name if the request is a search, None if it is another one."""
    path: str = scope["path"]
    if scope["method"] != "POST" or not path.endswith(_AFTER) or not path.startswith(_BEFORE):
        return None
    name = path[len(_BEFORE) : -len(_AFTER)]
    return None if "/" in name else name
