"""Topics, judgements and runs."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocchio.errors import BadRecord, NotFound
from rocchio.sources import read_qrels, read_run, read_topics
from rocchio.types import Run


def write(folder: Path, text: str, name: str = "file.txt") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


TREC_TOPICS = """
<top>
<num> Number: 051
<title> Topic:  Airbus <b>Subsidies</b>
  and more
<desc> Description:
not this
</top>

<top><num>MB02</num><title>x < y</title></top>
"""


@pytest.mark.parametrize("name", ["topics", "topics.gz"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"_id": "q2", "text": "two"}\n\n{"qid": 1, "query": " one "}\n', {"q2": "two", "1": "one"}),
        ('{"query_id": "q", "title": "t", "metadata": {}}', {"q": "t"}),
        ("\ufeffq2\ttwo words\r\nq1\tone\n", {"q2": "two words", "q1": "one"}),
        ("qid\tquery\n1\tone\n", {"1": "one"}),
        (TREC_TOPICS, {"51": "Airbus Subsidies and more", "MB02": "x < y"}),
    ],
)
def test_topics(tmp_path, name, text, expected):
    topics = read_topics(write(tmp_path, text, name))
    assert topics == expected
    assert list(topics) == list(expected)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 0, "expected topics, found an empty file"),
        ("qid\tquery\n", 0, "expected topics, found none"),
        ("1\tone\ntwo\n", 2, "expected an id, a tab and a text, found 'two'"),
        ("1\tone\n1\ttwo\n", 2, "expected every query id once, found '1' again"),
        ("1\tone\n\t\ttwo\n2\t \n", 2, "expected a query id and a text, found '' and 'two'"),
        (
            '{"_id": "1", "text": "x"}\n{"_id": "2"}',
            2,
            "expected an id under one of _id, qid, query_id, id and a text",
        ),
        ('{"_id": "1", "text": "x"}\n{"_id": ', 2, "expected a JSON object, found invalid JSON"),
        ("<topics>\n", 1, "expected <top>, found '<topics>'"),
        ("<top>\n<num> 1\n<title> x\n", 1, "expected </top> at the end of the topic, found the end of the file"),
        ("<top>\n<num> 1\n</top>\n", 1, "expected a topic with <num> and <title>, found "),
    ],
)
def test_bad_topics(tmp_path, text, line, message):
    with pytest.raises(BadRecord) as caught:
        read_topics(write(tmp_path, text))
    assert caught.value.line == line
    assert caught.value.reason.startswith(message)


@pytest.mark.parametrize(
    "text",
    [
        "q1 0 d1 2\nq1 0 d2 0\nq2 Q0 d1 -1\n",
        "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq2\td1\t-1\n",
        "q1\td1\t2\r\n\r\nq1\td2\t0\r\nq2\td1\t-1\r\nq2\td1\t-1",
        "q1 d1 2\nq1 d2 0\nq2 d1 -1\n",
    ],
)
def test_qrels(tmp_path, text):
    assert read_qrels(write(tmp_path, text)) == {"q1": {"d1": 2, "d2": 0}, "q2": {"d1": -1}}


def test_qrels_ids_may_hold_spaces_between_tabs(tmp_path):
    assert read_qrels(write(tmp_path, "q 1\td 1\t2\n")) == {"q 1": {"d 1": 2}}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 0, "expected relevance judgements, found none"),
        ("query-id\tcorpus-id\tscore\n", 0, "expected relevance judgements, found none"),
        ("q1 d1\n", 1, "expected 4 columns (TREC) or 3 (BEIR), found 2: 'q1 d1'"),
        ("q1 0 d1 1\nq1 d2 1\n", 2, "expected 4 columns as in the first line, found 3"),
        ("q1 0 d1 x\n", 1, "expected a whole number as grade in column 4, found 'x'"),
        ("q1 0 d1 1.5\n", 1, "expected a whole number as grade in column 4, found '1.5'"),
        ("q1 d1 1_0\n", 1, "expected a whole number as grade in column 3, found '1_0'"),
        ("q1\t\t1\n", 1, "expected a query id and a doc_id, found 'q1' and ''"),
        ("q1 d1 1\nq1 d1 2\n", 2, "expected one grade per document, found 1 and 2 for 'q1' 'd1'"),
    ],
)
def test_bad_qrels(tmp_path, text, line, message):
    with pytest.raises(BadRecord) as caught:
        read_qrels(write(tmp_path, text))
    assert (caught.value.line, caught.value.reason) == (line, message)


def test_runs_are_sorted_by_score_then_doc_id(tmp_path):
    text = "q2 Q0 b 1 1.5 mine\nq1 Q0 x 1 -3 mine\nq2 Q0 a 9 1.5 mine\nq2 Q0 c 3 2e0 mine\nq1 Q0 y 2 -2 mine\n"
    run = read_run(write(tmp_path, text, "run.gz"))
    assert dict(run.items()) == {"q2": [("c", 2.0), ("a", 1.5), ("b", 1.5)], "q1": [("y", -2.0), ("x", -3.0)]}
    assert run.name == "mine"
    assert run.scores[0].dtype == np.float32
    assert len(read_run(write(tmp_path, ""))) == 0


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("q Q0 d 1 2\n", 1, "expected 6 columns (query_id Q0 doc_id rank score name), found 5: 'q Q0 d 1 2'"),
        ("q Q0 d 1 x n\n", 1, "expected a number as score in column 5, found 'x'"),
        ("q Q0 d 1 nan n\n", 1, "expected a finite float32 as score, found 'nan'"),
        ("q Q0 d 1 1e300 n\n", 1, "expected a finite float32 as score, found '1e300'"),
        ("q Q0 d 1 2 n\n\nq Q0 d 2 1 n\n", 3, "expected every document once per query, found 'd' again for 'q'"),
    ],
)
def test_bad_runs(tmp_path, text, line, message):
    with pytest.raises(BadRecord) as caught:
        read_run(write(tmp_path, text))
    assert (caught.value.line, caught.value.reason) == (line, message)


def test_missing_files():
    for read in (read_topics, read_qrels, read_run):
        with pytest.raises(NotFound, match=r"expected a file at none.txt, found nothing"):
            read("none.txt")


names = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=6).filter(
    lambda name: name.split() == [name] and not name.startswith("\ufeff")
)


@given(
    st.dictionaries(
        names,
        st.dictionaries(names, st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=6),
        max_size=5,
    ),
    names,
)
def test_a_written_run_reads_back(tmp_path_factory, scored, name):
    ranked = {q: sorted(hits.items(), key=lambda hit: (-hit[1], hit[0])) for q, hits in scored.items()}
    run = Run(
        list(ranked),
        [[doc_id for doc_id, _ in hits] for hits in ranked.values()],
        [np.array([score for _, score in hits], np.float32) for hits in ranked.values()],
        name if ranked else "rocchio",
    )
    path = tmp_path_factory.mktemp("run") / "run.trec"
    run.to_trec(path)
    again = read_run(path)
    assert (again.query_ids, again.doc_ids, again.name) == (run.query_ids, run.doc_ids, run.name)
    assert all(np.array_equal(a, b) for a, b in zip(again.scores, run.scores, strict=True))


def test_real_collections(shared_data):
    qrels = read_qrels(shared_data / "scifact" / "qrels" / "test.tsv")
    assert (len(qrels), sum(map(len, qrels.values()))) == (300, 339)
    topics = read_topics(shared_data / "scifact" / "queries.jsonl.gz")
    assert qrels.keys() <= topics.keys()
    assert topics["1"] == "0-dimensional biomaterials show inductive properties."
