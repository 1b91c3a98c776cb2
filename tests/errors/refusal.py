"""What a good refusal looks like."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from rocchio.errors import (
    RocchioError,
)


@contextlib.contextmanager
def refused(kind: type[RocchioError], *words: str) -> Iterator[None]:
    """Exactly this error, with all these words in its text, which begins in lower case and ends without a stop."""
    with pytest.raises(RocchioError) as caught:
        yield
    assert type(caught.value) is kind, repr(caught.value)
    message = str(caught.value)
    for word in words:
        assert word in message, message
    assert not message.endswith(".")
    assert message[0] == message[0].lower()
