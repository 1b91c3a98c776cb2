"""Docstrings of the standard library as a collection, and known-item queries over it."""

from __future__ import annotations

import json
import sys

import pytest

from rocchio.sources import collect_docstrings, docstrings, known_item_queries


@pytest.fixture(scope="module")
def documents():
    return list(collect_docstrings())


def test_thousands_of_documents_with_unique_ids(documents):
    assert len(documents) > 4_000
    assert len({document["doc_id"] for document in documents}) == len(documents)
    assert {document["kind"] for document in documents} == {"module", "class", "function", "method"}


def test_text_is_the_docstring(documents):
    by_id = {document["doc_id"]: document for document in documents}
    found = by_id["json.dumps"]
    assert found["text"].split() == json.dumps.__doc__.split()
    assert (found["title"], found["module"], found["kind"]) == ("json.dumps", "json", "function")
    assert by_id["json.decoder.JSONDecoder.raw_decode"]["kind"] == "method"


def test_longer_docstrings_come_first_and_the_order_is_fixed(documents):
    longer = [len(docstrings._split_first_sentence(document["text"])[1]) > 0 for document in documents]
    assert longer == sorted(longer, reverse=True)
    assert documents == list(collect_docstrings())


def test_nothing_is_imported():
    before = set(sys.modules)
    for _ in collect_docstrings():
        pass
    assert set(sys.modules) == before


def test_odd_files_are_left_out(tmp_path, monkeypatch):
    (tmp_path / "good.py").write_text('"""Good."""\ntry:\n    def f():\n        """F."""\nexcept E:\n    x = 1\n')
    (tmp_path / "latin.py").write_bytes(b'# coding: latin-1\n"""caf\xe9."""\n')
    (tmp_path / "broken.py").write_text("def (")
    (tmp_path / "nul.py").write_bytes(b'"""x\0"""')
    (tmp_path / "surrogate.py").write_text('"""\\ud800"""')
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "t.py").write_text('"""Test."""')
    monkeypatch.setattr(docstrings.sysconfig, "get_paths", lambda: {"stdlib": str(tmp_path)})
    assert [(d["doc_id"], d["text"]) for d in collect_docstrings()] == [
        ("good", "Good."),
        ("good.f", "F."),
        ("latin", "caf\u00e9."),
    ]


@pytest.mark.parametrize(
    ("text", "sentence", "rest"),
    [
        ("One two. Three.", "One two.", "Three."),
        ("Use e.g. this, i.e. that. Then.", "Use e.g. this, i.e. that.", "Then."),
        ("No stop\n  \nnext", "No stop", "next"),
        ("Version 3.11 is it", "Version 3.11 is it", ""),
        ("Really? Yes.", "Really?", "Yes."),
    ],
)
def test_first_sentence(text, sentence, rest):
    assert docstrings._split_first_sentence(text) == (sentence, rest)


def test_known_item_queries(documents):
    kept, topics, qrels = known_item_queries(documents)
    assert len(topics) >= 2_000
    assert topics.keys() == qrels.keys()
    by_id = {document["doc_id"]: document for document in kept}
    assert len(by_id) == len(kept)
    for query_id, text in topics.items():
        ((doc_id, grade),) = qrels[query_id].items()
        assert grade == 1
        assert 4 <= len(text.split()) <= 25
        assert text not in " ".join(by_id[doc_id]["text"].split())
    assert len(set(topics.values())) == len(topics)


def test_known_item_queries_leave_out_what_gives_the_answer_away():
    rest = "one two three four five six seven eight"
    texts = {
        "a": f"Ask for the item. {rest}",
        "short-query": f"Ask it. {rest} a",
        "short-rest": "Ask for another item. nearly nothing",
        "same-query": f"Ask for the  item. {rest} b",
        "same-text": f"Ask for something else. {rest}",
        "repeats": f"Ask for this item. {rest} Ask for this item again",
        "no-rest": "Ask for nothing more than this.",
    }
    kept, topics, qrels = known_item_queries({"doc_id": name, "text": text} for name, text in texts.items())
    assert topics == {"q-a": "Ask for the item."}
    assert qrels == {"q-a": {"a": 1}}
    assert [document["doc_id"] for document in kept] == ["a", "short-query", "short-rest", "same-query", "repeats"]
    assert kept[0] == {"doc_id": "a", "text": rest}
