"""Who says whether a document is relevant, what that may cost, and what it has cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol, TypeAlias

from rocchio.encoders.chat_judge import ChatJudge, JudgeEndpoint
from rocchio.errors import InvalidArgument
from rocchio.types import DocId

LEAST_SCORE = 0.5
"""From which on a document is relevant to a judge that gives scores."""
JudgeFunction: TypeAlias = Callable[[str, Mapping[str, Any]], Any]
"""From a query and a document's fields, its doc_id among them, to a verdict; see `as_judge`."""


@dataclass(frozen=True)
class Spent:
    """What judging has cost: `documents` judged, `requests` to an endpoint, `tokens`, and `cost` in dollars."""

    documents: int = 0
    requests: int = 0
    tokens: int = 0
    cost: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(**{name: value + getattr(other, name) for name, value in asdict(self).items()})

    def __sub__(self, other: Spent) -> Spent:
        return Spent(**{name: value - getattr(other, name) for name, value in asdict(self).items()})

    def __str__(self) -> str:
        money = f", ${self.cost:.4f}" if self.cost else ""
        return f"{self.documents} documents judged, {self.requests} requests, {self.tokens:,} tokens{money}"


@dataclass(frozen=True)
class Budget:
    """What judging may cost, for one query; None is no limit. What a request costs is known only afterwards: one is not
    made if what it may take at most, by an estimate of its tokens, would go beyond. Raises InvalidArgument.
    """

    documents: int | None = None
    requests: int | None = None
    tokens: int | None = None
    cost: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            kinds = (int, float) if field.name == "cost" else (int,)
            if value is not None and (type(value) not in kinds or not 0 <= value < math.inf):
                raise InvalidArgument(f"expected {field.name} of a budget from 0 on, found {value!r}")

    def exceeded_by(self, spent: Spent) -> str | None:
        """The first limit that so much would go beyond, None if it keeps to all of them."""
        for field in fields(self):
            most = getattr(self, field.name)
            if most is not None and getattr(spent, field.name) > most:
                return f"{field.name} of the budget, {most}"
        return None


@dataclass(frozen=True)
class Verdict:
    """`relevant` is None if the judge could not say; `keywords` is None if it has named none."""

    relevant: bool | None
    keywords: tuple[str, ...] | None = None


class Judge(Protocol):
    """Judges documents and counts."""

    @property
    def spent(self) -> Spent:
        """In all."""

    def expected(self, query: str, document: Mapping[str, Any]) -> Spent:
        """What judging a document may take at most."""

    def judge(self, query: str, document: Mapping[str, Any]) -> Verdict:
        """The verdict on a document: {"doc_id", field: value}."""


class Marks:
    """Judgements that are there already: {doc_id: whether relevant, or a grade}. Costs nothing."""

    def __init__(self, marks: Mapping[DocId, Any]) -> None:
        self._marks, self.spent = marks, Spent()

    def expected(self, query: str, document: Mapping[str, Any]) -> Spent:  # noqa: ARG002
        return Spent(documents=1)

    def judge(self, query: str, document: Mapping[str, Any]) -> Verdict:  # noqa: ARG002
        mark = self._marks.get(document["doc_id"])
        if mark is None:
            return Verdict(None)
        self.spent += Spent(documents=1)
        return Verdict(_is_relevant(mark, least=1))


class Function:
    """A Python function: it returns whether a document is relevant, or a score of which 0.5 and above are, None if it
    cannot say; or a pair of that and a list of keywords.
    """

    def __init__(self, function: JudgeFunction) -> None:
        self._function, self.spent = function, Spent()

    def expected(self, query: str, document: Mapping[str, Any]) -> Spent:  # noqa: ARG002
        return Spent(documents=1)

    def judge(self, query: str, document: Mapping[str, Any]) -> Verdict:
        said = self._function(query, document)
        self.spent += Spent(documents=1)
        keywords = None
        if isinstance(said, tuple) and len(said) == 2:
            said, given = said
            if not isinstance(given, list | tuple) or not all(isinstance(word, str) for word in given):
                raise InvalidArgument(f"expected keywords of a judge as a list of texts, found {given!r}")
            keywords = tuple(given)
        return Verdict(None if said is None else _is_relevant(said, LEAST_SCORE), keywords)


class Model:
    """A model behind an endpoint."""

    def __init__(self, value: ChatJudge, keywords: int) -> None:
        self._price, self._endpoint = value.price, JudgeEndpoint(value, keywords)
        self._documents = 0

    @property
    def spent(self) -> Spent:
        usage = self._endpoint.usage
        return Spent(self._documents, usage.requests, usage.tokens, usage.cost)

    def expected(self, query: str, document: Mapping[str, Any]) -> Spent:
        tokens = self._endpoint.most_tokens(query, document_text(document))
        return Spent(1, 1, tokens, tokens * self._price / 1e6)

    def judge(self, query: str, document: Mapping[str, Any]) -> Verdict:
        found = self._endpoint.judge(query, document_text(document))
        self._documents += 1
        return Verdict(found.relevant, found.keywords)


def document_text(document: Mapping[str, Any]) -> str:
    """What a reader sees of a document: its texts, a line each."""
    return "\n".join(value for name, value in document.items() if name != "doc_id" and isinstance(value, str) and value)


def as_judge(given: Any, keywords: int) -> Judge:
    """A judge from a `ChatJudge`, marks, or a function. Raises InvalidArgument."""
    if isinstance(given, ChatJudge):
        return Model(given, keywords)
    if isinstance(given, Mapping):
        return Marks(given)
    if callable(given):
        return Function(given)
    raise InvalidArgument(
        "expected a judge as rocchio.ChatJudge(...), marks {doc_id: relevant} or a function of query and document, "
        f"found {given!r}"
    )


def _is_relevant(value: Any, least: float) -> bool:
    if not isinstance(value, bool | int | float) and not hasattr(value, "__float__"):
        raise InvalidArgument(f"expected true, false or a number of a judge, found {value!r}")
    score = float(value)
    if math.isnan(score):
        raise InvalidArgument("expected true, false or a number of a judge, found nan")
    return score >= (0.5 if isinstance(value, bool) else least)
