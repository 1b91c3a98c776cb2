"""Encoders as values: what turns text into vectors, with a text form that parses back.

>>> str(parse_encoder("lsa( dim = 128 )"))
'lsa(dim=128)'
>>> parse_encoder("st(intfloat/e5-small-v2, query_prefix='query: ')").query_prefix
'query: '

A value says which model and how it is used; nothing is loaded. Settings at their default are not printed.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar, Literal, TypeAlias, get_args, get_type_hints

from rocchio.encoders.text_form import format_call, parse_call
from rocchio.errors import InvalidArgument

MAX_DIM = 65_536
MAX_TEXT_FORM = 4096

Pooling: TypeAlias = Literal["mean", "cls"]
Precision: TypeAlias = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True, slots=True)
class Value:
    """What all encoders share: a kind, settings, a text form. Raises InvalidArgument for settings out of range."""

    kind: ClassVar[str] = ""
    named: ClassVar[str] = ""
    """The setting that the text form gives without its name, if there is one."""

    def __post_init__(self) -> None:
        types = get_type_hints(type(self))
        for setting in fields(self):
            _check_setting(self.kind, setting.name, getattr(self, setting.name), types[setting.name])
        if len(str(self)) > MAX_TEXT_FORM:
            raise InvalidArgument(f"expected an encoder of at most {MAX_TEXT_FORM} characters, found {len(str(self))}")

    def __str__(self) -> str:
        given = {each.name: getattr(self, each.name) for each in fields(self) if each.compare}
        defaults = {each.name: each.default for each in fields(self) if each.default is not MISSING}
        positional = [given.pop(self.named)] if self.named else []
        return format_call(self.kind, positional, {k: v for k, v in given.items() if v != defaults.get(k, MISSING)})


@dataclass(frozen=True, slots=True)
class Lsa(Value):
    """Latent semantic analysis, fitted on the collection itself: needs no model and no download."""

    kind: ClassVar[str] = "lsa"
    dim: int = 256


@dataclass(frozen=True, slots=True)
class SentenceTransformer(Value):
    """A model of the sentence-transformers library: a folder, or a name on the Hugging Face hub.

    `max_tokens` 0 keeps the model's limit. Prefixes stand before each text. `precision` "auto" is bfloat16 where the
    CPU computes with it.
    """

    kind: ClassVar[str] = "st"
    named: ClassVar[str] = "model"
    model: str
    max_tokens: int = 0
    query_prefix: str = ""
    document_prefix: str = ""
    normalize: bool = True
    precision: Precision = "auto"
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Onnx(Value):
    """A transformer in ONNX form: the path of the model, with `tokenizer.json` beside it."""

    kind: ClassVar[str] = "onnx"
    named: ClassVar[str] = "path"
    path: str
    max_tokens: int = 512
    query_prefix: str = ""
    document_prefix: str = ""
    pooling: Pooling = "mean"
    normalize: bool = True


@dataclass(frozen=True, slots=True)
class Model2Vec(Value):
    """A static model of the model2vec library: a folder, or a name on the Hugging Face hub."""

    kind: ClassVar[str] = "model2vec"
    named: ClassVar[str] = "model"
    model: str
    query_prefix: str = ""
    document_prefix: str = ""
    normalize: bool = True


@dataclass(frozen=True, slots=True)
class OpenAI(Value):
    """A model behind an endpoint that speaks OpenAI's embeddings protocol.

    `dim` 0 takes what the model gives; another asks for that many numbers. The key is read from the environment
    variable `key_env` when a request is made and is stored nowhere. `price` is in dollars for a million tokens.
    `requests_per_minute` 0 is without a limit of our own.
    """

    kind: ClassVar[str] = "openai"
    named: ClassVar[str] = "model"
    model: str
    base_url: str = "https://api.openai.com/v1"
    dim: int = 0
    query_prefix: str = ""
    document_prefix: str = ""
    batch: int = 128
    timeout_s: float = 60.0
    retries: int = 6
    requests_per_minute: int = 0
    price: float = 0.0
    key_env: str = "OPENAI_API_KEY"


@dataclass(frozen=True, slots=True)
class Function(Value):
    """A Python function from a list of texts to an array (n, dim). Only its name is stored."""

    kind: ClassVar[str] = "callable"
    named: ClassVar[str] = "name"
    name: str
    query_prefix: str = ""
    document_prefix: str = ""
    function: Any = field(default=None, compare=False, repr=False)


EncoderValue: TypeAlias = Lsa | SentenceTransformer | Onnx | Model2Vec | OpenAI | Function

KINDS: dict[str, type[EncoderValue]] = {each.kind: each for each in get_args(EncoderValue)}
_RANGES: dict[str, tuple[float, float]] = {
    "max_tokens": (0, 1 << 20),
    "batch": (1, 2048),
    "timeout_s": (0.001, 3600.0),
    "retries": (0, 100),
    "requests_per_minute": (0, 1_000_000),
    "price": (0.0, 1e6),
}


def parse_encoder(text: str) -> EncoderValue:
    """The encoder of a text form. Raises InvalidArgument that lists what exists."""
    if isinstance(text, Value):
        return text  # type: ignore[return-value]  # every value is of a known kind
    if not isinstance(text, str):
        raise InvalidArgument(f"expected an encoder like lsa(dim=256), found {text!r}")
    if len(text) > 2 * MAX_TEXT_FORM:
        raise InvalidArgument(f"expected an encoder of at most {MAX_TEXT_FORM} characters, found {len(text)}")
    kind, positional, named = parse_call(text)
    if kind not in KINDS:
        raise InvalidArgument(f"expected an encoder of {', '.join(KINDS)}, found {kind!r} in {text!r}")
    maker = KINDS[kind]
    names = [each.name for each in fields(maker) if each.compare]
    expected = f"expected settings of {kind} of {', '.join(names)}"
    if positional and not maker.named:
        raise InvalidArgument(f"{expected}, found {positional[0]!r} without a name in {text!r}")
    if len(positional) > 1 or (positional and maker.named in named):
        raise InvalidArgument(f"{expected}, with {maker.named} first, found another in {text!r}")
    settings = named | ({maker.named: positional[0]} if positional else {})
    for name in settings:
        if name not in names:
            raise InvalidArgument(f"{expected}, found {name!r} in {text!r}")
    if maker.named and maker.named not in settings:
        raise InvalidArgument(f"expected the {maker.named} of an encoder {kind} like {kind}(NAME), found {text!r}")
    return maker(**settings)


def _check_setting(kind: str, name: str, value: Any, wanted: Any) -> None:
    where = f"{name} of the encoder {kind}"
    if wanted is bool and not isinstance(value, bool):
        raise InvalidArgument(f"expected true or false as {where}, found {value!r}")
    if wanted in (int, float) and (isinstance(value, bool) or not isinstance(value, int | wanted)):
        raise InvalidArgument(f"expected a {'whole ' if wanted is int else ''}number as {where}, found {value!r}")
    if wanted is str and not isinstance(value, str):
        raise InvalidArgument(f"expected a text as {where}, found {value!r}")
    if wanted is str and (not value.isprintable() or len(value) > MAX_TEXT_FORM):
        raise InvalidArgument(f"expected a printable text as {where}, found {value[:80]!r}")
    if get_args(wanted) and value not in get_args(wanted):
        raise InvalidArgument(f"expected {', '.join(get_args(wanted))} as {where}, found {value!r}")
    if name in ("model", "path", "name") and not value:
        raise InvalidArgument(f"expected the {where}, found an empty text")
    if name == "dim" and not (0 if kind == "openai" else 1) <= value <= MAX_DIM:
        raise InvalidArgument(f"expected the length of vectors, from 1 to {MAX_DIM}, as {where}, found {value!r}")
    least, most = _RANGES.get(name, (None, None))
    if least is not None and most is not None and not least <= value <= most:
        raise InvalidArgument(f"expected {where} from {least} to {most}, found {value!r}")
