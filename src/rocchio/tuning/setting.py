"""One way to search: a fusion, and the scoring of the text part where that is tuned too."""

from __future__ import annotations

from dataclasses import dataclass

from rocchio.fusion import Fusion


@dataclass(frozen=True)
class Setting:
    """`scoring` is a text form such as `bm25(k1=0.9, b=0.4)`, None where it is not tuned."""

    fusion: Fusion
    scoring: str | None = None

    def __str__(self) -> str:
        return str(self.fusion) if self.scoring is None else f"{self.fusion} of {self.scoring}"
