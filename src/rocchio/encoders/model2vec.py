"""Static models of the model2vec library: a vector for each token, averaged. Fast, small, less exact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rocchio.encoders.model import Usage, digest, first_line, library
from rocchio.encoders.values import Model2Vec
from rocchio.errors import NotFound


class Model2VecModel:
    """A loaded static model."""

    def __init__(self, value: Model2Vec) -> None:
        static_model: Any = library("model2vec", "model2vec").StaticModel
        try:
            self._model = static_model.from_pretrained(value.model, normalize=value.normalize)
        except (OSError, ValueError, RuntimeError) as error:
            raise NotFound(
                f"expected the model {value.model!r} as a folder or on the Hugging Face hub, found none: "
                f"{first_line(error)}; check the name and the network"
            ) from error
        embedding = np.asarray(self._model.embedding)
        self.dim = int(embedding.shape[1])
        self.identity = digest(embedding, self._model.tokenizer.to_str().encode())
        self.usage = Usage()

    def encode(self, texts: Sequence[str]) -> Any:
        """Vectors (n, dim); zeros for a text of which no token is known."""
        return self._model.encode(list(texts), max_length=None, show_progress_bar=False, use_multiprocessing=False)
