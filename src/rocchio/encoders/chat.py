"""Any endpoint that speaks OpenAI's chat protocol, asked for queries that a document answers.

`POST {base_url}/chat/completions` with {"model", "messages", "temperature", "max_tokens"} gives {"choices":
[{"message": {"content"}}], "usage": {"total_tokens"}}.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from rocchio.encoders.endpoint import OPENAI_URL, JsonEndpoint
from rocchio.encoders.model import Usage
from rocchio.encoders.values import Value
from rocchio.errors import InvalidArgument

PROMPT = (
    "Write {n} short search queries that the following text answers, one a line, without numbers, quotes or "
    "anything else."
)
MOST_TEXT = 8000
"""Characters of a document that are sent."""

_MARKS = re.compile(r"^\s*(?:\d+[.):]|[-*•])\s*")


@dataclass(frozen=True, slots=True)
class Chat(Value):
    """A model that writes `n` queries for each document. `prompt` may name them as {n}; the text follows it.

    The key is read from the environment variable `key_env` when a request is made and is stored nowhere. `price` is in
    dollars for a million tokens. `requests_per_minute` 0 is without a limit of our own.
    """

    kind: ClassVar[str] = "chat"
    named: ClassVar[str] = "model"
    model: str
    n: int = 3
    base_url: str = OPENAI_URL
    prompt: str = PROMPT
    max_tokens: int = 200
    timeout_s: float = 60.0
    retries: int = 6
    requests_per_minute: int = 0
    price: float = 0.0
    key_env: str = "OPENAI_API_KEY"


class ChatEndpoint:
    """An endpoint that is asked for queries, and a model behind it."""

    def __init__(self, value: Chat, kept: str) -> None:
        if not 1 <= value.n <= 100:
            raise InvalidArgument(f"expected n of the encoder chat from 1 to 100, found {value.n}")
        self._value, self._endpoint = value, JsonEndpoint(value, "chat/completions", "queries", kept)

    @property
    def usage(self) -> Usage:
        """What was asked so far."""
        return self._endpoint.usage

    def queries(self, text: str) -> list[str]:
        """At most `n` queries that a text answers, none for one without words. Raises EncoderFailure, NotFound."""
        if not text.strip():
            return []
        prompt = self._value.prompt.replace("{n}", str(self._value.n))
        body = {
            "model": self._value.model,
            "messages": [{"role": "user", "content": f"{prompt}\n\n{text[:MOST_TEXT]}"}],
            "temperature": 0,
            "max_tokens": self._value.max_tokens,
        }
        lines = self._endpoint.ask(body, _content).splitlines()
        cleaned = (_MARKS.sub("", line).strip().strip('"').strip() for line in lines)
        return list(dict.fromkeys(filter(None, cleaned)))[: self._value.n]


def _content(answer: Any) -> str:
    content = answer["choices"][0]["message"]["content"]
    if not isinstance(content, str):
        raise TypeError("expected a text")
    return content.encode("utf-8", "replace").decode()
