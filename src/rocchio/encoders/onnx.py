"""Transformers in ONNX form, run by onnxruntime: small installations without torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rocchio.encoders.batching import batches
from rocchio.encoders.model import Matrix, Usage, digest, first_line, library
from rocchio.encoders.values import Onnx
from rocchio.errors import EncoderFailure, NotFound

TOKENIZER = "tokenizer.json"


class OnnxModel:
    """A loaded model with its tokenizer."""

    part = 1024

    def __init__(self, value: Onnx) -> None:
        runtime: Any = library("onnxruntime", "onnx")
        tokenizers: Any = library("tokenizers", "onnx")
        model = _model_file(Path(value.path))
        words = next(
            (path for path in (model.parent / TOKENIZER, model.parent.parent / TOKENIZER) if path.is_file()), None
        )
        if words is None:
            raise NotFound(f"expected a {TOKENIZER} beside the model {model}, found none; copy it there")
        try:
            self._session = runtime.InferenceSession(str(model), providers=runtime.get_available_providers())
            self._tokenizer = tokenizers.Tokenizer.from_file(str(words))
        except Exception as error:  # both libraries raise their own kinds for files they cannot read
            raise NotFound(
                f"expected a model at {model}, found a file that cannot be used: {first_line(error)}"
            ) from error
        self._limit, self._pooling, self._normalize = value.max_tokens, value.pooling, value.normalize
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._inputs = [each.name for each in self._session.get_inputs()]
        self.identity = digest(model.read_bytes(), words.read_bytes())
        self.usage = Usage()
        self.dim = 0
        self.dim = self._run([self._tokens("a")]).shape[1]

    def encode(self, texts: Sequence[str]) -> Any:
        """Vectors (n, dim), in batches of texts of like length."""
        vectors = np.empty((len(texts), self.dim), np.float32)
        tokens = [self._tokens(text) for text in texts]
        for places in batches([len(ids) for ids in tokens]):
            vectors[places] = self._run([tokens[place] for place in places])
        return vectors

    def _tokens(self, text: str) -> list[int]:
        """Token numbers of a text, the last one kept where the middle is cut off: it ends the text."""
        ids: list[int] = self._tokenizer.encode(text).ids
        if self._limit and len(ids) > self._limit:
            self.usage.truncated += 1
            ids = [*ids[: self._limit - 1], ids[-1]]
        return ids

    def _run(self, tokens: Sequence[Sequence[int]]) -> Matrix:
        width = max(1, *map(len, tokens))
        ids = np.zeros((len(tokens), width), np.int64)
        mask = np.zeros_like(ids)
        for row, some in enumerate(tokens):
            ids[row, : len(some)] = some
            mask[row, : len(some)] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        try:
            outputs = self._session.run(None, {name: given[name] for name in self._inputs})
        except Exception as error:  # onnxruntime's own kinds, and KeyError for an input unknown to us
            raise EncoderFailure(f"expected vectors of the ONNX model, found an error: {first_line(error)}") from error
        return self._pooled(np.asarray(outputs[0], np.float32), mask)

    def _pooled(self, states: npt.NDArray[np.float32], mask: npt.NDArray[np.int64]) -> Matrix:
        """Vectors (n, dim) of token states (n, tokens, dim), or those that the model has pooled itself."""
        vectors = states
        if states.ndim == 3 and self._pooling == "cls":
            vectors = states[:, 0]
        elif states.ndim == 3:
            weights = mask.astype(np.float32)[:, :, None]
            vectors = (states * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1)
        if self._normalize:
            vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
        return vectors


def _model_file(path: Path) -> Path:
    """The model that a path means: a file, or a folder as exporters lay it out."""
    for candidate in (path, path / "model.onnx", path / "onnx" / "model.onnx"):
        if candidate.is_file():
            return candidate
    raise NotFound(f"expected an ONNX model at {path}, a file or a folder with model.onnx, found none; check the path")
