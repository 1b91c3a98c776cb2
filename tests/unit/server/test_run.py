"""How answers are written to a connection: the head with the first piece of the body."""

from __future__ import annotations

import pytest

pytest.importorskip("uvicorn", reason="the extra server is not installed")
from rocchio.server.run import _Joined

HEAD, INTERIM = b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"


class Transport:
    """Notes what is written, and that it is closed."""

    def __init__(self) -> None:
        self.written: list[bytes | None] = []

    def write(self, data: bytes) -> None:
        assert not self.is_closing()  # as uvloop sees to
        self.written.append(data)

    def close(self) -> None:
        self.written.append(None)

    def is_closing(self) -> bool:
        return None in self.written


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ([HEAD, b"body"], [HEAD + b"body"]),
        ([HEAD, b""], [HEAD]),
        ([HEAD], []),
        ([HEAD, None], [HEAD, None]),
        ([None], [None]),
        ([HEAD, b"one", HEAD, b"two", b""], [HEAD + b"one", HEAD, b"two", b""]),
        ([INTERIM, HEAD, b"body", None], [INTERIM, HEAD + b"body", None]),
    ],
    ids=["body", "empty body", "not yet", "no body after an error", "no answer", "pieces", "continue"],
)
def test_a_head_waits_for_its_body(given: list[bytes | None], written: list[bytes | None]):
    transport = Transport()
    joined = _Joined(transport)  # type: ignore[arg-type]  # what it uses of one
    for data in given:
        if data is None:
            joined.close()
        else:
            joined.write(data)
    assert transport.written == written
    assert joined.is_closing() == (None in written)


@pytest.mark.parametrize("given", [[HEAD], [HEAD, b"body"], [HEAD, b"one", b"two"]], ids=len)
def test_nothing_is_written_to_who_has_left(given: list[bytes]):
    for kept in range(len(given)):
        transport = Transport()
        joined = _Joined(transport)  # type: ignore[arg-type]  # what it uses of one
        for data in given[:kept]:
            joined.write(data)
        before = [*transport.written]
        transport.close()
        for data in given[kept:]:
            joined.write(data)
        joined.close()
        assert transport.written == [*before, None, None]
