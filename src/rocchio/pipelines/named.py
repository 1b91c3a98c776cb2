"""Steps by name, to compose: `rocchio.rm3(docs=5)` is the step whose text form is `rm3(docs=5)`."""

from __future__ import annotations

from rocchio.feedback import (
    Axiomatic,
    Bm25Prf,
    Bo1,
    Corocchio,
    Kl,
    KlCorrect,
    Reencode,
    Rm3,
    Rm3Terrier,
    Rocchio,
    SoftRocchio,
    VectorAverage,
    VectorCorocchio,
    VectorRocchio,
)
from rocchio.pipelines.gate import gate
from rocchio.pipelines.refine import refining
from rocchio.pipelines.retrieve import Dense, Hybrid, Offline, PseudoEmbeddings, Sparse, words

bm25 = words
dense = Dense
hybrid = Hybrid
offline = Offline
pseudo_embeddings = PseudoEmbeddings
sparse = Sparse
rm3 = refining(Rm3)
rm3_terrier = refining(Rm3Terrier)
rocchio = refining(Rocchio)
soft_rocchio = refining(SoftRocchio)
bm25prf = refining(Bm25Prf)
axiomatic = refining(Axiomatic)
bo1 = refining(Bo1)
kl = refining(Kl)
kl_correct = refining(KlCorrect)
vector_average = refining(VectorAverage)
vector_rocchio = refining(VectorRocchio)
reencode = refining(Reencode)
corocchio = refining(Corocchio)
vector_corocchio = refining(VectorCorocchio)

__all__ = [
    "axiomatic",
    "bm25",
    "bm25prf",
    "bo1",
    "corocchio",
    "dense",
    "gate",
    "hybrid",
    "kl",
    "kl_correct",
    "offline",
    "pseudo_embeddings",
    "reencode",
    "rm3",
    "rm3_terrier",
    "rocchio",
    "soft_rocchio",
    "sparse",
    "vector_average",
    "vector_corocchio",
    "vector_rocchio",
]
