"""Any endpoint that speaks OpenAI's embeddings protocol: batches, retries with back-off, limits, counters.

`POST {base_url}/embeddings` with {"model", "input", "encoding_format"} gives {"data": [{"index", "embedding"}, ...],
"usage": {"total_tokens"}}. Refusals that may pass (429, 5xx, no connection, time-out, half an answer) are tried again,
after what `Retry-After` says or 0.5, 1, 2, ... seconds; others are raised at once.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

import numpy as np

from rocchio.encoders.model import PROBE, Usage, probe
from rocchio.encoders.values import OpenAI
from rocchio.errors import EncoderFailure, InvalidArgument, NotFound

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 60.0
MAX_ANSWER_BYTES = 256 << 20
_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


class Endpoint:
    """An endpoint and a model behind it."""

    def __init__(self, value: OpenAI) -> None:
        if not value.base_url.startswith(("http://", "https://")):
            raise InvalidArgument(f"expected a base_url that begins with http:// or https://, found {value.base_url!r}")
        self._value, self._url = value, value.base_url.rstrip("/") + "/embeddings"
        self._next_s = 0.0
        self.part = value.batch
        self.usage = Usage()
        self.dim, self.identity = probe(str(value), self.encode([PROBE]))

    def encode(self, texts: Sequence[str]) -> Any:
        """Vectors (n, dim). Raises EncoderFailure, NotFound without a key."""
        size = self._value.batch
        parts = [self._request(texts[first : first + size]) for first in range(0, len(texts), size)]
        return np.concatenate(parts)

    def _request(self, texts: Sequence[str]) -> Any:
        """Vectors of one batch, tried as often as the value says."""
        for attempt in range(self._value.retries + 1):
            self._keep_to_the_rate()
            try:
                return self._answer(texts)
            except _Passing as error:
                if attempt == self._value.retries:
                    raise EncoderFailure(
                        f"expected vectors from {self._url}, found {error} at {attempt + 1} attempts; try again later: "
                        "what is done is kept in the embedding cache"
                    ) from error
                self.usage.retries += 1
                time.sleep(error.wait_s if error.wait_s is not None else _wait_s(attempt))
        raise AssertionError("the last attempt returns or raises")

    def _answer(self, texts: Sequence[str]) -> Any:
        body: dict[str, Any] = {"model": self._value.model, "input": list(texts), "encoding_format": "float"}
        if self._value.dim:
            body["dimensions"] = self._value.dim
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._key()}"}
        request = urllib.request.Request(self._url, json.dumps(body).encode(), headers)
        self.usage.requests += 1
        try:
            with urllib.request.urlopen(request, timeout=self._value.timeout_s) as response:
                content = response.read(MAX_ANSWER_BYTES)
                left = response.length or 0
        except urllib.error.HTTPError as error:
            raise self._refusal(error) from error
        except (http.client.HTTPException, OSError) as error:  # also no connection, and a time-out
            reason = getattr(error, "reason", None) or error or type(error).__name__
            raise _Passing(f"no answer ({reason})") from error
        if left:
            raise _Passing(f"an answer of which {left} bytes are missing")
        return self._read(content, len(texts))

    def _refusal(self, error: urllib.error.HTTPError) -> Exception:
        with error:
            said = error.read(1000).decode("utf-8", "replace").strip()[:200]
        text = f"status {error.code} {said!r}"
        if error.code in _PASSING:
            return _Passing(text, _retry_after_s(error.headers.get("Retry-After")))
        hint = f"check the key in {self._value.key_env}" if error.code in (401, 403) else "check model and base_url"
        return EncoderFailure(f"expected vectors from {self._url}, found {text}; {hint}")

    def _read(self, content: bytes, count: int) -> Any:
        try:
            answer = json.loads(content)
        except ValueError as error:
            raise _Passing(f"an answer that is no JSON, {content[:80]!r}") from error
        try:
            items = sorted(answer["data"], key=lambda item: int(item["index"]))
            indexes = [item["index"] for item in items]
            vectors = np.array([item["embedding"] for item in items], np.float32)
            tokens = int((answer.get("usage") or {}).get("total_tokens", 0))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise EncoderFailure(f"expected an answer with data from {self._url}, found {content[:80]!r}") from error
        if indexes != list(range(count)):
            raise EncoderFailure(f"expected {count} vectors from {self._url}, found {len(items)}")
        self.usage.tokens += tokens
        self.usage.cost += tokens * self._value.price / 1e6
        return vectors

    def _key(self) -> str:
        key = os.environ.get(self._value.key_env, "").strip()
        if not key and self._value.base_url == OpenAI("m").base_url:
            raise NotFound(
                f"expected a key for {self._url} in the environment variable {self._value.key_env}, found none; set it"
            )
        return key or "none"  # servers of one's own often want none

    def _keep_to_the_rate(self) -> None:
        if not self._value.requests_per_minute:
            return
        now = time.monotonic()
        time.sleep(max(0.0, self._next_s - now))
        self._next_s = max(now, self._next_s) + 60.0 / self._value.requests_per_minute


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
