"""Any endpoint that speaks OpenAI's embeddings protocol, in batches.

`POST {base_url}/embeddings` with {"model", "input", "encoding_format"} gives {"data": [{"index", "embedding"}, ...],
"usage": {"total_tokens"}}.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rocchio.encoders.endpoint import JsonEndpoint
from rocchio.encoders.model import PROBE, probe
from rocchio.encoders.values import OpenAI
from rocchio.errors import EncoderFailure


class Endpoint:
    """An endpoint and a model behind it."""

    def __init__(self, value: OpenAI) -> None:
        self._value = value
        self._endpoint = JsonEndpoint(value, "embeddings", "vectors", "the embedding cache")
        self.part, self.usage = value.batch, self._endpoint.usage
        self.dim, self.identity = probe(str(value), self.encode([PROBE]))

    def encode(self, texts: Sequence[str]) -> Any:
        """Vectors (n, dim). Raises EncoderFailure, NotFound without a key."""
        size = self._value.batch
        parts = [self._request(texts[first : first + size]) for first in range(0, len(texts), size)]
        return np.concatenate(parts)

    def _request(self, texts: Sequence[str]) -> Any:
        """Vectors of one batch."""
        body: dict[str, Any] = {"model": self._value.model, "input": list(texts), "encoding_format": "float"}
        if self._value.dim:
            body["dimensions"] = self._value.dim
        indexes, vectors = self._endpoint.ask(body, _vectors)
        if indexes != list(range(len(texts))):
            what = f"{len(indexes)}" if len(indexes) != len(texts) else f"indexes {str(indexes)[:80]}"
            raise EncoderFailure(
                f"expected vectors of {len(texts)} texts, one each, from {self._endpoint.url}, found {what}; is it an "
                "endpoint with OpenAI's protocol? check base_url"
            )
        return vectors


def _vectors(answer: Any) -> tuple[list[int], Any]:
    """(indexes, vectors) of an answer, in order."""
    items = sorted(answer["data"], key=lambda item: int(item["index"]))
    return [item["index"] for item in items], np.array([item["embedding"] for item in items], np.float32)
