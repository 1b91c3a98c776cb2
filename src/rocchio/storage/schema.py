"""What a document of a collection may hold: typed fields, and the analyzer of its texts."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from dataclasses import field as setting
from functools import cached_property
from typing import Any, Literal, TypeAlias, get_args

from rocchio.errors import InvalidArgument
from rocchio.storage.passages import Passages, as_passages, parse_passages
from rocchio.storage.tenancy import TENANTS_FIELD, Tenancy, parse_tenancy

FieldKind: TypeAlias = Literal["text", "keyword", "number", "date", "bool", "sparse", "vector"]
Metric: TypeAlias = Literal["cosine", "ip", "l2"]
VectorType: TypeAlias = Literal["float32", "float16"]
Chosen: TypeAlias = Mapping[str, float] | Iterable[str] | str | None
"""What a search names as its field or fields."""

ID_FIELD = "doc_id"
_IDS_ELSEWHERE = ("_id", "id", "docno", "pid")
"""What others call a doc_id."""
MAX_FIELDS = 1024
MIN_SCALE, MAX_SCALE = 1e-3, 1e6
MAX_DIM = 65_536


@dataclass(frozen=True, slots=True)
class Field:
    """One typed column.

    `boost` (text only) weighs its term frequencies, `passages` (text only) say how it is split, `integer` (number only)
    stores int64, `scale` (sparse only) turns weights into whole numbers. `dim`, `metric` and `dtype` (vector only) are
    how long vectors are, how they are compared and how they are stored. A vector field with an `encoder`, in its text
    form, has the vectors of the texts of its `source` fields; `identity` is how to tell the same model from another,
    `function` the encoder where it is a function, which is not stored.
    """

    kind: FieldKind
    boost: float = 1.0
    integer: bool = False
    scale: float = 1.0
    dim: int = 0
    metric: str = ""
    dtype: str = ""
    encoder: str = ""
    source: tuple[str, ...] = ()
    identity: str = ""
    function: Callable[..., Any] | None = setting(default=None, compare=False, repr=False)
    passages: Passages | None = None

    def __str__(self) -> str:
        if self.kind == "text":
            settings = [f"boost={self.boost:g}"] if self.boost != 1.0 else []
            settings += [f"passages={self.passages}"] if self.passages else []
            return f"text({', '.join(settings)})"
        if self.kind == "sparse":
            return f"sparse(scale={self.scale:g})"
        if self.kind == "vector":
            stored = "" if self.dtype == "float32" else f", dtype={self.dtype}"
            encoder = f", encoder={self.encoder}, source={'+'.join(self.source)}" if self.encoder else ""
            return f"vector({self.dim}, metric={self.metric}{stored}{encoder})"
        return "number(integer=True)" if self.integer else f"{self.kind}()"


def text(boost: float = 1.0, *, passages: Passages | str | None = None) -> Field:
    """A searched text. A boost of 2 scores as if the text stood there twice.

    With `passages`, a value or its text form, long texts are split: see `rocchio.passages`. One text field of a
    collection may have them. Raises InvalidArgument, also if boost <= 0.
    """
    if not isinstance(boost, int | float) or isinstance(boost, bool) or not 1e-6 <= boost <= 1e6:
        raise InvalidArgument(f"expected a boost from 1e-6 to 1e6, found {boost!r}; leave a field out instead of 0")
    return Field("text", boost=float(boost), passages=None if passages is None else as_passages(passages))


def keyword() -> Field:
    """An exact string, or a list of them (tags), stored and returned."""
    return Field("keyword")


def number(*, integer: bool = False) -> Field:
    """A float64, or an int64 with `integer=True`. A float64 holds whole numbers up to 2**53 exactly."""
    return Field("number", integer=integer)


def date() -> Field:
    """A point in time: `datetime`, `date` or an ISO 8601 string; stored in UTC to the microsecond."""
    return Field("date")


def boolean() -> Field:
    """True or False. Public as `rocchio.bool`."""
    return Field("bool")


def sparse(scale: float = 100.0) -> Field:
    """Learned weights of tokens, {token: weight}, searched with such weights: SPLADE, uniCOIL and the like.

    The index holds weights as whole impacts, round(weight * scale) and at least 1; scale=1 keeps whole numbers as they
    are. Raises InvalidArgument.
    """
    if not isinstance(scale, int | float) or isinstance(scale, bool) or not MIN_SCALE <= scale <= MAX_SCALE:
        raise InvalidArgument(
            f"expected a scale from 1e-3 to 1e6, found {scale!r}; 100 keeps two decimals, 1 keeps whole numbers"
        )
    return Field("sparse", scale=float(scale))


def plain_vector(dim: int, *, metric: Metric = "cosine", dtype: VectorType = "float32") -> Field:
    """A dense vector of `dim` numbers, searched with such vectors.

    `metric`: "cosine" (of the angle), "ip" (dot product) or "l2" (minus the squared distance); larger is always better.
    `dtype`: how vectors are stored, "float32" or "float16" (half the space, eleven significant bits). Raises
    InvalidArgument.
    """
    field = Field("vector", dim=dim, metric=metric, dtype=dtype)
    _check_vector_type(field)
    return field


@dataclass(frozen=True)
class Schema:
    """The fields by name, in order, the analyzer's text form, and, of a multi-tenant collection, its `tenants`."""

    fields: Mapping[str, Field]
    analyzer: str
    tenants: Tenancy | None = None

    def __post_init__(self) -> None:
        if len(self.fields) > MAX_FIELDS:
            raise InvalidArgument(f"expected at most {MAX_FIELDS} fields, found {len(self.fields)}")
        for name, field in self.fields.items():
            _check_field(name, field)
        if not self.text_fields and not self.sparse_fields and not self.vector_fields:
            raise InvalidArgument(
                "expected at least one text, sparse or vector field, found none; add one like text=rocchio.text()"
            )
        for name in self.encoded_fields:
            self._check_source(name)
        split = [name for name, field in self.fields.items() if field.passages is not None]
        if len(split) > 1 or any(self.fields[name].kind != "text" for name in split):
            raise InvalidArgument(
                f"expected at most one text field with passages, found {', '.join(split)}; split the longest one"
            )

    def _check_source(self, name: str) -> None:
        source = self.fields[name].source
        if not source or len(set(source)) < len(source) or not set(source) <= set(self.text_fields):
            raise InvalidArgument(
                f"expected different text fields as the source of the vector field {name!r}, found "
                f"{', '.join(map(str, source)) or 'none'}; the text fields are {', '.join(self.text_fields) or 'none'}"
            )

    @property
    def columns(self) -> Mapping[str, Field]:
        """What is stored of a document besides its doc_id: the fields, and its tenants."""
        return self.fields if self.tenants is None else {**self.fields, TENANTS_FIELD: keyword()}

    @cached_property
    def text_fields(self) -> list[str]:
        """Names of the searched fields, in order."""
        return self._of_kind("text")

    @property
    def text_columns(self) -> int:
        """Fields that the text index has: the text fields, or one that stays empty where there are none."""
        return max(1, len(self.text_fields))

    @cached_property
    def sparse_fields(self) -> list[str]:
        """Names of the sparse fields, in order."""
        return self._of_kind("sparse")

    @cached_property
    def vector_fields(self) -> list[str]:
        """Names of the vector fields, in order."""
        return self._of_kind("vector")

    @cached_property
    def encoded_fields(self) -> list[str]:
        """Names of the vector fields that have an encoder, in order."""
        return [name for name in self.vector_fields if self.fields[name].encoder]

    @cached_property
    def split_field(self) -> str | None:
        """The text field that is split into passages, None if there is none: then each document is a row."""
        return next((name for name, field in self.fields.items() if field.passages is not None), None)

    def is_by_passage(self, name: str) -> bool:
        """Whether a vector field has a vector for each passage: others have one for each document."""
        return self.split_field is not None and self.split_field in self.fields[name].source

    def _of_kind(self, kind: str) -> list[str]:
        return [name for name, field in self.fields.items() if getattr(field, "kind", None) == kind]

    @property
    def boosts(self) -> list[float]:
        """Boosts of the text fields, in order."""
        return [self.fields[name].boost for name in self.text_fields]

    def unknown_field(self, name: str) -> str:
        """Why `name` is no field of this schema, in words."""
        elsewhere = name in _IDS_ELSEWHERE
        close = [ID_FIELD] if elsewhere else difflib.get_close_matches(name, [*self.fields, ID_FIELD], n=1)
        meant = f"; did you mean {close[0]!r}?" if close else ""
        return f"unknown field {name!r}, expected one of {', '.join([ID_FIELD, *self.fields])}{meant}"

    def sparse_choice(self, chosen: Chosen) -> str | None:
        """The sparse field that a search chose, None if it is of text fields. Raises InvalidArgument for a mix."""
        return self._single_choice(chosen, self.sparse_fields, "sparse", "multiply the query's weights")

    def vector_choice(self, chosen: Chosen) -> str | None:
        """The vector field that a search chose, None if it is of other fields. Raises InvalidArgument for a mix."""
        return self._single_choice(chosen, self.vector_fields, "vector", "scores are those of its metric")

    def _single_choice(self, chosen: Chosen, of: list[str], kind: str, no_boost: str) -> str | None:
        if isinstance(chosen, str):
            return chosen if chosen in of else None
        names = list(chosen) if isinstance(chosen, Iterable) else []
        if not any(name in of for name in names):
            return None
        if len(names) > 1:
            raise InvalidArgument(
                f"expected one {kind} field or text fields, found {', '.join(map(str, names))}; search them one by one"
            )
        if isinstance(chosen, Mapping):
            raise InvalidArgument(f"expected no boost for the {kind} field {names[0]!r}, found one; {no_boost}")
        return names[0]

    def weights(self, chosen: Chosen) -> list[float]:
        """Boosts by text field for a search restricted to `chosen` fields; 0 leaves a field out."""
        if not self.text_fields:
            raise InvalidArgument(
                f"expected the name of a {'sparse' if self.sparse_fields else 'vector'} field to search, found no text "
                f"fields; choose field= of {', '.join(self.sparse_fields + self.vector_fields)}"
            )
        if chosen is None:
            return self.boosts
        if isinstance(chosen, str):
            chosen = [chosen]
        if not isinstance(chosen, Iterable):
            raise InvalidArgument(f"expected a field name, names or {{name: boost}}, found {chosen!r}")
        given = dict(chosen) if isinstance(chosen, Mapping) else dict.fromkeys(map(_field_name, chosen))
        for name, boost in given.items():
            if name not in self.fields:
                raise InvalidArgument(f"expected text fields of {', '.join(self.text_fields)}, found {name!r}")
            if self.fields[name].kind != "text":
                raise InvalidArgument(
                    f"expected a text field to search, found {name!r}, a {self.fields[name].kind}; "
                    f"the text fields are {', '.join(self.text_fields)}"
                )
            if boost is not None:
                text(boost)  # the same bounds as a schema's boost
        if not given:
            raise InvalidArgument(f"expected at least one field to search, found none; choose of {self.text_fields}")
        return [
            0.0 if name not in given else float(self.fields[name].boost if given[name] is None else given[name])  # type: ignore[arg-type]
            for name in self.text_fields
        ]

    def to_json(self) -> dict[str, Any]:
        """Plain values, for the manifest."""
        fields = {name: _to_json(field) for name, field in self.fields.items()}
        tenants = {} if self.tenants is None else {"tenants": str(self.tenants)}
        return {"analyzer": self.analyzer, "fields": fields, **tenants}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Schema:
        """The inverse of `to_json`; raises InvalidArgument, TypeError or KeyError on anything else."""
        tenants = parse_tenancy(str(data["tenants"])) if "tenants" in data else None
        return cls({name: _from_json(spec) for name, spec in data["fields"].items()}, str(data["analyzer"]), tenants)


_ONLY_OF = {"scale": "sparse", "dim": "vector", "metric": "vector", "dtype": "vector"}
"""Settings that the manifest holds for one kind of field only."""
_OF_ENCODED = ("encoder", "source", "identity")
"""Settings that the manifest holds for vector fields with an encoder only."""


def _to_json(field: Field) -> dict[str, Any]:
    settings = asdict(replace(field, function=None, passages=None))
    del settings["function"], settings["passages"]
    if field.passages is not None:
        settings["passages"] = str(field.passages)
    if not field.encoder:
        for name in _OF_ENCODED:
            del settings[name]
    return {name: value for name, value in settings.items() if _ONLY_OF.get(name, field.kind) == field.kind}


def _from_json(spec: Mapping[str, Any]) -> Field:
    kind = spec["kind"]
    scale = float(spec["scale"]) if kind == "sparse" else 1.0
    of_vector = {name: spec[name] for name in ("dim", "metric", "dtype")} if kind == "vector" else {}
    if kind == "vector" and "encoder" in spec:
        of_vector |= {"encoder": str(spec["encoder"]), "identity": str(spec["identity"])}
        of_vector["source"] = tuple(map(str, spec["source"]))
    passages = parse_passages(str(spec["passages"])) if "passages" in spec else None
    return Field(
        kind=kind,
        boost=float(spec["boost"]),
        integer=bool(spec["integer"]),
        scale=scale,
        passages=passages,
        **of_vector,
    )


def _field_name(name: Any) -> str:
    if not isinstance(name, str):
        raise InvalidArgument(f"expected the name of a text field, found {name!r}")
    return name


def _check_field(name: object, field: object) -> None:
    if not isinstance(name, str) or not name or name.startswith("_") or name == ID_FIELD or len(name) > 256:
        raise InvalidArgument(
            f"expected a field name that is not empty, not {ID_FIELD!r}, does not start with '_' and has at most "
            f"256 characters, found {name!r}"
        )
    if not isinstance(field, Field):
        raise InvalidArgument(f"expected a field type like rocchio.text() for {name!r}, found {field!r}")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgument(f"expected a field name in Unicode, found {name!r}") from error
    if not 1e-6 <= field.boost <= 1e6:
        raise InvalidArgument(f"expected a boost from 1e-6 to 1e6, found {field.boost!r}")
    if not MIN_SCALE <= field.scale <= MAX_SCALE:
        raise InvalidArgument(f"expected a scale from 1e-3 to 1e6, found {field.scale!r}")
    if field.kind not in get_args(FieldKind):
        raise InvalidArgument(f"expected a field kind of {get_args(FieldKind)}, found {field.kind!r}")
    if field.kind == "vector":
        _check_vector_type(field)


def _check_vector_type(field: Field) -> None:
    if isinstance(field.dim, bool) or not isinstance(field.dim, int) or not 1 <= field.dim <= MAX_DIM:
        raise InvalidArgument(
            f"expected the length of vectors, from 1 to {MAX_DIM}, found {field.dim!r}; your model's page says it"
        )
    if field.metric not in get_args(Metric):
        raise InvalidArgument(
            f"expected a metric of {', '.join(get_args(Metric))}, found {field.metric!r}; ip is the dot product"
        )
    if field.dtype not in get_args(VectorType):
        raise InvalidArgument(
            f"expected a dtype of {', '.join(get_args(VectorType))} to store vectors, found {field.dtype!r}; other "
            "types are converted when they are added"
        )
