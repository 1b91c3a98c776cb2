"""Requests to an endpoint that speaks JSON over HTTP: retries with back-off, limits, counters.

Refusals that may pass (429, 5xx, no connection, time-out, half an answer) are tried again, after what `Retry-After`
says or 0.5, 1, 2, ... seconds; others are raised at once.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from rocchio.encoders.model import Usage
from rocchio.errors import EncoderFailure, InvalidArgument, NotFound

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 60.0
MAX_ANSWER_BYTES = 256 << 20
MOST_TOKENS = 1 << 40
"""That one answer may say it has taken."""
OPENAI_URL = "https://api.openai.com/v1"
_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})

_Answer = TypeVar("_Answer")


class Settings(Protocol):
    """How an endpoint is asked. The key is read from the environment variable `key_env` and is stored nowhere."""

    @property
    def base_url(self) -> str: ...
    @property
    def timeout_s(self) -> float: ...
    @property
    def retries(self) -> int: ...
    @property
    def requests_per_minute(self) -> int: ...
    @property
    def price(self) -> float: ...
    @property
    def key_env(self) -> str: ...


class JsonEndpoint:
    """`POST {base_url}/{path}`. `wanted` is what one asks for, `kept` where it is when a later request fails."""

    def __init__(self, settings: Settings, path: str, wanted: str, kept: str) -> None:
        if not settings.base_url.startswith(("http://", "https://")):
            raise InvalidArgument(
                f"expected a base_url that begins with http:// or https://, found {settings.base_url!r}"
            )
        self._settings, self.url = settings, f"{settings.base_url.rstrip('/')}/{path}"
        self._wanted, self._kept = wanted, kept
        self._next_s = 0.0
        self.usage = Usage()

    def ask(self, body: Mapping[str, Any], read: Callable[[Any], _Answer]) -> _Answer:
        """What `read` makes of the JSON that answers `body`, tried as often as the settings say.

        Raises EncoderFailure, NotFound without a key.
        """
        for attempt in range(self._settings.retries + 1):
            self._keep_to_the_rate()
            try:
                return self._read(self._post(body), read)
            except _Passing as error:
                if attempt == self._settings.retries:
                    times = "1 attempt" if attempt == 0 else f"{attempt + 1} attempts"
                    raise EncoderFailure(
                        f"expected {self._wanted} from {self.url}, found {error} at {times}; try again "
                        f"later: what is done is kept in {self._kept}"
                    ) from error
                self.usage.retries += 1
                time.sleep(error.wait_s if error.wait_s is not None else _wait_s(attempt))
        raise AssertionError("the last attempt returns or raises")

    def _post(self, body: Mapping[str, Any]) -> bytes:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._key()}"}
        request = urllib.request.Request(self.url, json.dumps(body).encode(), headers)
        self.usage.requests += 1
        try:
            with urllib.request.urlopen(request, timeout=self._settings.timeout_s) as response:
                content: bytes = response.read(MAX_ANSWER_BYTES)
                left = response.length or 0
        except urllib.error.HTTPError as error:
            raise self._refusal(error) from error
        except (http.client.HTTPException, OSError) as error:  # also no connection, and a time-out
            reason = getattr(error, "reason", None) or error or type(error).__name__
            raise _Passing(f"no answer ({reason})") from error
        if left:
            raise _Passing(f"an answer of which {left} bytes are missing")
        return content

    def _refusal(self, error: urllib.error.HTTPError) -> Exception:
        with error:
            said = error.read(1000).decode("utf-8", "replace").strip()[:200]
        text = f"status {error.code} {said!r}"
        if error.code in _PASSING:
            return _Passing(text, _retry_after_s(error.headers.get("Retry-After")))
        hint = f"check the key in {self._settings.key_env}" if error.code in (401, 403) else "check model and base_url"
        return EncoderFailure(f"expected {self._wanted} from {self.url}, found {text}; {hint}")

    def _read(self, content: bytes, read: Callable[[Any], _Answer]) -> _Answer:
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError) as error:  # the latter for brackets within brackets without end
            raise _Passing(f"an answer that is no JSON, {content[:80]!r}") from error
        try:
            found = read(answer)
            tokens = _tokens(answer)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise EncoderFailure(
                f"expected an answer with {self._wanted} from {self.url}, found {content[:80]!r}; is it an endpoint "
                "with OpenAI's protocol? check base_url"
            ) from error
        self.usage.tokens += tokens
        self.usage.cost += tokens * self._settings.price / 1e6
        return found

    def _key(self) -> str:
        key = os.environ.get(self._settings.key_env, "").strip()
        if not key and self._settings.base_url == OPENAI_URL:
            raise NotFound(
                f"expected a key for {self.url} in the environment variable {self._settings.key_env}, found none; "
                "set it"
            )
        return key or "none"  # servers of one's own often want none

    def _keep_to_the_rate(self) -> None:
        if not self._settings.requests_per_minute:
            return
        now = time.monotonic()
        time.sleep(max(0.0, self._next_s - now))
        self._next_s = max(now, self._next_s) + 60.0 / self._settings.requests_per_minute


def _tokens(answer: Any) -> int:
    """What an answer says it has taken, for budgets. Raises ValueError and others for what is no such number."""
    tokens = int((answer.get("usage") or {}).get("total_tokens", 0))
    if not 0 <= tokens <= MOST_TOKENS:
        raise ValueError(f"{tokens} tokens")
    return tokens


class _Passing(Exception):
    """A refusal that may pass, and how long the endpoint asks to wait, in seconds."""

    def __init__(self, text: str, wait_s: float | None = None) -> None:
        super().__init__(text)
        self.wait_s = wait_s


def _wait_s(attempt: int) -> float:
    """Seconds before the next attempt; not the same for all who failed together."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0**attempt) * random.uniform(0.75, 1.25)


def _retry_after_s(header: str | None) -> float | None:
    try:
        return min(LONGEST_WAIT_S, max(0.0, float(header))) if header is not None else None
    except ValueError:  # a date: our own back-off will do
        return None
