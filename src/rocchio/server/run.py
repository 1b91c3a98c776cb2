"""`rocchio serve`: the application in uvicorn, with what uvicorn lacks: a time limit for headers, news of a stop."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from types import FrameType

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from rocchio.errors import InvalidArgument
from rocchio.server.body import IS_WHOLE
from rocchio.server.gate import Gate
from rocchio.server.limits import Limits
from rocchio.server.state import State


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens there."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_host(host: str, with_keys: bool) -> None:
    """Raises InvalidArgument for an address that others can reach, without keys that tell who they are."""
    if not with_keys and not is_loopback(host):
        raise InvalidArgument(
            f"expected --keys to listen on {host}, which others can reach, found none; make a key: "
            "rocchio keys add keys.json --role read"
        )


class _Joined:
    """A connection as one answer is written to it: the head waits for the first piece of the body, which follows at
    once. Together they take one system call and one packet instead of two."""

    __slots__ = ("_head", "_transport", "is_closing")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self.is_closing = transport, transport.is_closing
        self._head: bytes | None = None  # empty when it was sent

    def write(self, data: bytes) -> None:
        """Write, or keep the head. 100 Continue is none: the client waits for it. Who has left is sent nothing: uvloop
        raises an error then, and uvicorn notices it for the last request of a pipeline only."""
        if self.is_closing():
            return
        if self._head is None and not data.startswith(b"HTTP/1.1 100"):
            self._head = data
            return
        self._transport.write(self._head + data if self._head else data)
        self._head = self._head and b""

    def close(self) -> None:
        """Close, when what was kept is written: no body may come after an error."""
        if self._head:
            self.write(b"")
        self._transport.close()


def protocol(header_s: float) -> type[HttpToolsProtocol]:
    """uvicorn's protocol, which closes connections whose headers do not arrive in time."""

    class Timed(HttpToolsProtocol):
        _timer: asyncio.TimerHandle | None = None
        _is_waiting = True

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._start()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self._is_waiting:  # headers that come in one piece need no timer
                self._start()

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._is_waiting = True

        def on_headers_complete(self) -> None:
            self._is_waiting = False
            self._stop()
            super().on_headers_complete()
            if self.scope["method"] != "HEAD":  # whose answer is a head
                self.cycle.transport = _Joined(self.transport)  # type: ignore[assignment]  # what it uses of one

        def on_message_complete(self) -> None:
            super().on_message_complete()
            self.scope[IS_WHOLE] = True  # type: ignore[literal-required]  # ASGI lets servers add some

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop()
            super().connection_lost(exc)

        def _start(self) -> None:
            if self._timer is None:
                self._timer = self.loop.call_later(header_s, self._too_slow)

        def _stop(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _too_slow(self) -> None:
            self._timer = None
            if self.transport is not None and not self.transport.is_closing():
                self.transport.close()

    return Timed


class Server(uvicorn.Server):
    """Tells the application at once that it is to stop: long ingests end with what is durable."""

    def __init__(self, config: uvicorn.Config, state: State) -> None:
        super().__init__(config)
        self._state = state

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal came."""
        self._state.stopping = True
        super().handle_exit(sig, frame)


def listen(host: str, port: int) -> tuple[socket.socket, str]:
    """A socket that listens, and its address as a URL; port 0 takes a free one. Raises InvalidArgument."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise InvalidArgument(
            f"expected an address and a free port to listen on, found {host}:{port}, {error.strerror}; choose --port"
        ) from error
    shown = f"[{host}]" if ":" in host else host
    return listening, f"http://{shown}:{listening.getsockname()[1]}"


def run(app: Gate, listening: socket.socket, limits: Limits) -> None:
    """Answer until a signal says stop."""
    config = uvicorn.Config(
        app,
        http=protocol(limits.header_s),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=limits.keep_alive_s,
        timeout_graceful_shutdown=limits.shutdown_s,
    )
    Server(config, app.state).run(sockets=[listening])
