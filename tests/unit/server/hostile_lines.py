"""Lines of JSON Lines that an ingest should take, should refuse, or may do either with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random
from typing import Any

WORDS = ["flutter", "wing", "é", "飛行", "\u2028", "\x00", "🦋", "", " ", "\\", '"', "a" * 50]
BAD_VALUES: dict[str, list[Any]] = {
    "doc_id": [3, None, "", ["a"], {"a": "b"}, True, "x" * 4097],
    "text": [3, ["a"], {"a": "b"}, True, [[[[["deep"]]]]]],
    "title": [1.5, ["a", "b"]],
    "year": ["old", [1971], {}],
    "day": [3, "yesterday", "2024-02-30"],
    "v": [[1], [1, 2, 3], [1, "2"], "1 2", [0, 0], [1e300, 1], [None, 1], {"0": 1}],
    "s": [{"x": -1}, {"x": "1"}, ["x"], {"x": {"y": 1}}],
    "unknown": [1, None],
    "_tenants": [["acme"]],
}
"""By field; as JSON they are fine."""
BAD_NUMBERS = [
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-1" + "0" * 400,
    "0x10",
    "01",
    "1.",
    ".5",
    "+1",
    "1_000",
    "'1'",
]
BAD_STRINGS = [
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xf0\x9f\xa6",
    b"\xc0\xaf",
    b"\\x41",
    b"\\u12",
    b"\t",
    b"\x00",
    b'"',
]
"""Between quotes: no UTF-8, or no JSON."""
BAD_LINES = [
    *(f'{{"doc_id": "a", "year": {number}}}'.encode() for number in BAD_NUMBERS),
    *(f'{{"doc_id": "a", "v": [{number}, 0]}}'.encode() for number in BAD_NUMBERS),
    *(f'{{"doc_id": "a", "s": {{"x": {number}}}}}'.encode() for number in BAD_NUMBERS),
    *(b'{"doc_id": "a", "text": "' + string + b'"}' for string in BAD_STRINGS),
    *(b'{"doc_id": "' + string + b'"}' for string in BAD_STRINGS),
    *(
        b"3",
        b"null",
        b'"text"',
        b"[]",
        b"true",
        b"{}",
        b"{",
        b"}",
        b"nul",
        b"{'doc_id': 'a'}",
        b"\x00",
        b"\xef\xbb\xbf{",
    ),
    *(b'[{"doc_id": "a"}]', b'{"doc_id": "a",}', b'{"doc_id": "a"} {"doc_id": "b"}', b'{"doc_id": "a"}]'),
    *(
        b"[" * 1900,
        b'{"a":' * 390,
        b'{"doc_id": "a", "text": ' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"doc_id": "a" // why\r',
    ),
]
ODD_LINES = [
    b'\xef\xbb\xbf{"doc_id": "a"}',
    b'{"doc_id": "a", "doc_id": "b", "text": "twice"}',
    b'{"doc_id": "a", "text": "\\udc00\\ud800"}',
    b'{"doc_id": "a", "v": null, "text": null, "s": {}}',
    b'{"doc_id": "a", "v": []}',
    b'{"doc_id": "a", "s": {"": 1}}',
    b'{"doc_id": "a", "s": {"x": 0}}',
    *(f'{{"doc_id": "a", "year": {year}}}'.encode() for year in ("1e308", 2**64, "-0.0", "true", "5e-324")),
    *(
        b'{"doc_id": "' + escaped + b'"}'
        for escaped in (b"\\ud800", b"\\u0000", b"\\u2028", b" ", b"../../x", b"a/b?c#d")
    ),
]
EMPTY = [b"", b" ", b"\r", b"\t \r"]


@dataclass(frozen=True)
class Given:
    """A line without its line feed, and whether an ingest has to take it; None if it may, or if the line is empty."""

    raw: bytes
    usable: bool | None


def any_line(random: Random, most: int) -> Given:
    """A line of any kind, perhaps longer than `most` bytes, which is too long."""
    kind = random.random()
    if kind < 0.6:
        return known_line(random, most)
    if kind < 0.75:
        return Given(random.choice(ODD_LINES), None)
    if kind < 0.85:
        return Given(random.randbytes(random.randint(1, 200)).replace(b"\n", b" "), None)
    changed = bytearray(encoded(random, document(random)))
    for _ in range(random.randint(1, 3)):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return Given(bytes(changed).replace(b"\n", b" "), None)


def known_line(random: Random, most: int) -> Given:
    """A line of which it is known whether it can be used."""
    kind = random.random()
    if kind < 0.5:
        return Given(encoded(random, document(random)), True)
    if kind < 0.6:
        return Given(random.choice(EMPTY), None)
    if kind < 0.75:
        return Given(random.choice(BAD_LINES), False)
    if kind < 0.9:
        name = random.choice(list(BAD_VALUES))
        return Given(encoded(random, document(random) | {name: random.choice(BAD_VALUES[name])}), False)
    if kind < 0.95:
        raw = encoded(random, document(random)).rstrip()
        return Given(raw[: random.randint(1, len(raw) - 1)], False)
    return Given(encoded(random, document(random) | {"text": "x" * random.choice((most, 5 * most))}), False)


def document(random: Random) -> dict[str, Any]:
    """A usable one, whose doc_id is not new as a rule."""
    made: dict[str, Any] = {"doc_id": f"d{random.randrange(60)}", "text": " ".join(random.choices(WORDS, k=5))}
    more = {
        "title": random.choice(WORDS),
        "year": random.choice((1971, -3, 0.5, 1e15)),
        "day": "1994-05-06",
        "v": [random.random() + 0.1, -1],
        "s": {"x": random.random() + 0.1},
    }
    return made | {name: value for name, value in more.items() if random.random() < 0.4}


def encoded(random: Random, given: dict[str, Any]) -> bytes:
    """The document as a line, in one of the ways in which JSON may be written."""
    items = list(given.items())
    random.shuffle(items)
    text = json.dumps(
        dict(items), ensure_ascii=random.random() < 0.5, separators=random.choice(((",", ":"), (" , ", " : ")))
    )
    return text.encode() + random.choice((b"", b"\r", b" "))
