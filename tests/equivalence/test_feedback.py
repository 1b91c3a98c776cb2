"""Plans with lexical feedback equal the same done by hand; segments, deletions and batches make no difference."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import feedback_reference as plain
from tests.feedback_reference import World, kept, told
from tests.reference import same_ranking

import rocchio
from rocchio.engine.feedback_terms import Places, SearcherStatistics, gather
from rocchio.feedback import Axiomatic, Expansion, FeedbackTerms, TermFilter
from rocchio.feedback.terms import FORMS
from rocchio.pipelines import Refine, named

BOOSTS = {"title": 2.0, "text": 1.0}
WORDS = ["wing", "flap", "42", "2nd", "x", "éa", "Flap", "a" * 21, "tail", "spar", "rib", "日本語"]
STEPS = [
    named.rm3(docs=3, most_share=0.6), named.rm3(docs=2, terms=2, most_share=1.0, original=0.2),
    named.rm3_terrier(), named.rocchio(docs=4, most_share=0.5), named.bm25prf(docs=4, terms=3),
    named.axiomatic(docs=2, terms=4), named.bo1(), named.kl(docs=2), named.kl_correct(terms=2), named.bo1(terms=0),
    named.soft_rocchio(docs=3, terms=4),
]  # fmt: skip

texts = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)
ids = st.text(alphabet="abé0-", min_size=1, max_size=3)
documents = st.dictionaries(ids, st.fixed_dictionaries({"title": texts, "text": texts}), min_size=1, max_size=14)
gone = st.sets(st.integers(0, 13), max_size=4)
query_texts = st.lists(st.sampled_from([*WORDS, "absent"]), min_size=1, max_size=3).map(" ".join)


def build(folder: Path, docs: dict[str, dict[str, str]], commits: int, deleted: Sequence[str] = ()) -> Any:
    fields = {name: rocchio.text(boost=boost) for name, boost in BOOSTS.items()}
    col = rocchio.create(folder, fields=fields, analyzer="whitespace")
    records = [{"doc_id": doc_id, **fields} for doc_id, fields in docs.items()]
    step = -(-len(records) // commits)
    for first in range(0, len(records), step):
        col.add(records[first : first + step])
        col.commit()
    if deleted:
        col.delete(deleted)
        col.commit()
    return col


def world_of(docs: dict[str, dict[str, str]], boosts: dict[str, float]) -> World:
    counted = {}
    for doc_id, fields in docs.items():
        counts: dict[str, float] = {}
        for name, boost in boosts.items():
            for word in fields[name].split():
                counts[word] = counts.get(word, 0.0) + boost
        counted[doc_id] = counts
    return World(counted)


def live(docs: dict[str, dict[str, str]], numbers: set[int]) -> tuple[dict[str, dict[str, str]], list[str]]:
    """The documents that stay, and the ids of those that are to be deleted."""
    deleted = [doc_id for number, doc_id in enumerate(sorted(docs)) if number in numbers]
    return {doc_id: fields for doc_id, fields in docs.items() if doc_id not in deleted}, deleted


def found(hits: list[Any]) -> list[tuple[str, float]]:
    return [(hit.doc_id, hit.score) for hit in hits]


def same_terms(ours: FeedbackTerms, theirs: FeedbackTerms) -> None:
    assert [ours.term(n) for n in range(len(ours.df))] == [theirs.term(n) for n in range(len(theirs.df))]
    for name in ("df", "entry_terms", "entry_documents", "frequencies", "scores", "lengths"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), name)
    assert ours.tokens == theirs.tokens
    assert ours.collection.documents == theirs.collection.documents
    if theirs.collection.tokens:
        assert ours.collection.tokens == pytest.approx(theirs.collection.tokens)
    for number in range(len(ours.df)):
        term = ours.term(number)
        assert ours.collection.df(term) == theirs.collection.df(term) == ours.df[number]
        assert ours.collection.frequency(term) == theirs.collection.frequency(term)


filters = st.builds(
    TermFilter,
    characters=st.sampled_from([(0, 2**32 - 1), (2, 20), (1, 3), (3, 3)]),
    form=st.sampled_from(FORMS),
    most_share=st.sampled_from([1.0, 0.5, 0.3, 0.1]),
    per_document=st.sampled_from([0, 1, 2, 5]),
)


@settings(max_examples=25)
@given(documents, gone, filters, st.sampled_from([BOOSTS, {"title": 0.5}, {"text": 1.0}]), st.integers(1, 4), st.data())
def test_the_kernels_read_what_documents_hold(
    docs: dict[str, Any], deleted: set[int], accepted: TermFilter, boosts: dict[str, float], commits: int, data: Any
) -> None:
    kept_docs, removed = live(docs, deleted)
    world = world_of(kept_docs, boosts)
    chosen = [
        data.draw(st.lists(st.sampled_from(sorted(kept_docs)), max_size=5, unique=True)) if kept_docs else []
        for _ in range(3)
    ]
    with TemporaryDirectory() as folder:
        snapshot = build(Path(folder) / "c", docs, commits, removed).snapshot()
        searcher = snapshot.searcher(rocchio.Bm25(), boosts)
        statistics = SearcherStatistics(searcher, len(snapshot), lambda: searcher.average_length * len(snapshot))
        places = []
        for feedback in chosen:
            at = [snapshot.locate(doc_id) for doc_id in feedback]
            segments = np.array([segment for segment, _ in at], np.uint32)
            rows = np.array([row for _, row in at], np.uint32)
            places.append(Places(segments, rows, np.arange(len(at), dtype=np.float64), len(at)))
        gathered = gather(statistics, [{}] * 3, places, accepted)
        for feedback, ours in zip(chosen, gathered, strict=True):
            scored = [(doc_id, float(place)) for place, doc_id in enumerate(feedback)]
            same_terms(ours, told(world, {}, scored, accepted))
            for entry, document in enumerate(ours.entry_documents.tolist()):
                term = ours.term(int(ours.entry_terms[entry]))
                assert kept(world, feedback[document], accepted)[term] == ours.frequencies[entry]


def expanded(col: Any, world: World, query: str, method: Expansion) -> dict[str, float]:
    """The better query, from a public search and plain dicts."""
    first = found(col.search(query, k=method.docs))
    if not first:
        return col.terms(query)  # type: ignore[no-any-return]
    if isinstance(method, Axiomatic):  # the collections here are smaller than its pool
        first += [(doc_id, 0.0) for doc_id in world.documents if doc_id not in dict(first)]
    return method.expand(told(world, col.terms(query), first, method.filter))


@pytest.mark.parametrize("step", STEPS, ids=str)
@settings(max_examples=6)
@given(documents, gone, query_texts, st.integers(1, 4))
def test_a_plan_equals_the_same_by_hand(
    step: Refine, docs: dict[str, Any], deleted: set[int], query: str, commits: int
) -> None:
    kept_docs, removed = live(docs, deleted)
    world = world_of(kept_docs, BOOSTS)
    method: Any = step.method
    with TemporaryDirectory() as folder:
        col = build(Path(folder) / "c", docs, commits, removed)
        hits = found(col.search(query, k=100, plan=named.bm25() >> step >> named.bm25()))
        expected = found(col.search(expanded(col, world, query, method), k=100))
        assert same_ranking(hits, expected), (hits, expected)
        assert not {doc_id for doc_id, _ in hits} & set(removed)


@settings(max_examples=10)
@given(documents, gone, st.lists(query_texts, min_size=1, max_size=4), st.sampled_from(STEPS))
def test_segments_deletions_batches_and_threads_make_no_difference(
    docs: dict[str, Any], deleted: set[int], queries: list[str], step: Refine
) -> None:
    """Bit for bit: a collection in parts, compacted, and one that never had the deleted documents."""
    kept_docs, removed = live(docs, deleted)
    plan = named.bm25() >> step >> named.bm25()
    with TemporaryDirectory() as folder:
        col = build(Path(folder) / "many", docs, 3, removed)
        one_by_one = [found(col.search(query, k=50, plan=plan)) for query in queries]
        for threads in (1, 3):
            run = col.search(queries, k=50, plan=plan, threads=threads)
            assert [run[number] for number in range(len(queries))] == one_by_one
        col.compact()
        assert [found(col.search(query, k=50, plan=plan)) for query in queries] == one_by_one
        if kept_docs:
            clean = build(Path(folder) / "one", kept_docs, 1)
            assert [found(clean.search(query, k=50, plan=plan)) for query in queries] == one_by_one


@settings(max_examples=8)
@given(documents, query_texts)
def test_no_weight_on_the_expansion_is_the_identity(docs: dict[str, Any], query: str) -> None:
    with TemporaryDirectory() as folder:
        col = build(Path(folder) / "c", docs, 2)
        scores = dict(found(col.search(query, k=100)))
        for step in ("rm3(original=1, most_share=1.0)", "rm3_terrier(original=1)", "rocchio(beta=0, most_share=1.0)"):
            again = found(col.search(query, k=100, plan=f"bm25 >> {step} >> bm25"))
            assert {doc_id for doc_id, _ in again} == set(scores)
            # weights are scaled, so that scores which differ in the last bit may swap
            order = [scores[doc_id] for doc_id, _ in again]
            assert all(later <= earlier * (1 + 1e-6) for earlier, later in itertools.pairwise(order))


def test_published_formulas_on_a_collection(tmp_path: Path) -> None:
    """Weights from the reference, written from the formulas alone, give the plan's ranking."""
    dice = np.random.default_rng(5)
    names = [f"t{number}" for number in range(60)] + ["alpha", "beta", "gamma"]
    shares = 1 / np.arange(1, 64)
    docs = {
        f"d{number:03}": {
            name: " ".join(dice.choice(names, dice.integers(3, 30), p=shares / shares.sum())) for name in BOOSTS
        }
        for number in range(120)
    }
    col, world = build(tmp_path / "c", docs, 3), world_of(docs, BOOSTS)
    query = "t3 t40 alpha"
    terms = col.terms(query)

    def feedback(count: int) -> list[tuple[str, float]]:
        return found(col.search(query, k=count))

    everything = feedback(20) + [(doc_id, 0.0) for doc_id in docs if doc_id not in dict(feedback(20))]
    expected = {
        "rm3(most_share=0.5)": plain.rm3(world, terms, feedback(10), most_share=0.5),
        "rm3_terrier": plain.rm3_terrier(world, terms, feedback(3)),
        "rocchio(most_share=0.5)": plain.rocchio(world, terms, feedback(10), 10, most_share=0.5),
        "soft_rocchio": plain.soft_rocchio(world, terms, feedback(10)),
        "bm25prf": plain.bm25prf(world, terms, feedback(10)),
        "axiomatic": plain.axiomatic(world, terms, everything),
        "bo1": plain.divergence("bo1", world, terms, feedback(3)),
        "kl": plain.divergence("kl", world, terms, feedback(3)),
        "kl_correct": plain.divergence("kl_correct", world, terms, feedback(3)),
    }
    for step, weights in expected.items():
        assert len(weights) > 3, step
        hits = found(col.search(query, k=100, plan=f"bm25 >> {step} >> bm25"))
        assert same_ranking(hits, found(col.search(weights, k=100))), step
    bottom = found(col.search(query, k=1000))[-4:]
    weights = plain.rocchio(world, terms, [*feedback(10), *bottom], 10, most_share=0.5)
    hits = found(col.search(query, k=50, plan="bm25 >> rocchio(bottom_docs=4, most_share=0.5) >> bm25"))
    assert same_ranking(hits, found(col.search(weights, k=50)))


def test_statistics_are_those_of_the_last_lexical_search(tmp_path: Path) -> None:
    docs = {
        "a": {"title": "wing tail", "text": "flap spar"},
        "b": {"title": "wing rib", "text": "flap tail"},
        "c": {"title": "tail", "text": "wing"},
    }
    col = build(tmp_path / "c", docs, 1)
    title = world_of(docs, {"title": 2.0})
    query, step = {"wing": 1.0}, named.bo1(docs=2)
    method: Any = step.method
    first = found(col.search(query, k=2, field="title"))
    expected = found(col.search(method.expand(told(title, query, first, method.filter)), k=10))
    alone = "bm25(field=title) >> bo1(docs=2) >> bm25"
    assert found(col.search(query, plan=alone)) == expected
    # also where the first search was run for another part of the plan, and another search came between
    shared = f"rrf(bm25(field=title) >> bo1 >> bm25, 0*({alone})) | ({alone})"
    run = col.plan(shared).run([query]).run
    assert run.doc_ids[0] == [doc_id for doc_id, _ in expected]
    parts = rocchio.parse_plan(shared)
    assert found(col.search(query, plan=parts.second)) == expected  # type: ignore[attr-defined]


def test_sparse_fields(tmp_path: Path) -> None:
    dice = np.random.default_rng(3)
    col = rocchio.create(tmp_path / "c", fields={"s": rocchio.sparse()})
    docs: dict[str, dict[str, float]] = {}
    for number in range(60):
        tokens = dice.choice(60, dice.integers(2, 12), replace=False)
        docs[f"d{number:02}"] = {f"##t{token}": float(dice.integers(1, 300)) / 100 for token in tokens}
    for part in (0, 1):
        col.add({"doc_id": doc_id, "s": docs[doc_id]} for doc_id in sorted(docs)[part * 30 : part * 30 + 30])
        col.commit()
    col.delete(["d03", "d45"])
    col.commit()
    world = World({doc_id: weights for doc_id, weights in docs.items() if doc_id not in ("d03", "d45")})
    query = {"##t1": 1.0, "##t7": 0.5}
    given = rocchio.query(sparse={"s": query})
    for step in [
        named.rm3(field="s", most_share=0.6),
        named.rm3_terrier(field="s"),
        named.rocchio(field="s", most_share=0.6),
        named.bo1(field="s"),
        named.kl(field="s"),
        named.kl_correct(field="s"),
    ]:
        method: Any = step.method
        first = found(col.search(query, k=method.docs, field="s"))
        accepted = TermFilter(most_share=method.filter.most_share, per_document=method.filter.per_document)
        weights = method.expand(told(world, query, first, accepted))
        assert weights != query, step
        hits = found(col.search(given, k=60, plan=named.sparse() >> step >> named.sparse()))
        assert same_ranking(hits, found(col.search(weights, k=60, field="s"))), step
        assert hits[0][1] == pytest.approx(col.search(given, 1, plan=f"sparse >> {step} >> sparse")[0].why().score)


def test_weights_of_a_vector_method_do_not_touch_words(tmp_path: Path) -> None:
    col = rocchio.create(tmp_path / "c", fields={"text": rocchio.text(), "v": rocchio.vector(2)})
    col.add([{"doc_id": "a", "text": "wing", "v": [1, 0]}, {"doc_id": "b", "text": "wing tail", "v": [0, 1]}])
    col.commit()
    query = rocchio.query("wing", vectors={"v": [1.0, 0.5]})
    moved = found(col.search(query, plan="dense >> vector_average >> bm25"))
    assert moved == found(col.search("wing"))


def test_filters_hold_in_both_passes(tmp_path: Path) -> None:
    """Feedback comes from documents that the filter allows; statistics stay those of the whole collection."""
    fields = {"title": rocchio.text(boost=2.0), "text": rocchio.text(), "year": rocchio.number()}
    col = rocchio.create(tmp_path / "c", fields=fields, analyzer="whitespace")
    dice = np.random.default_rng(9)
    docs = {
        f"d{number:02}": {name: " ".join(dice.choice(WORDS, dice.integers(1, 7))) for name in BOOSTS}
        for number in range(60)
    }
    for part in (0, 1):
        mine = sorted(docs)[part * 30 : part * 30 + 30]
        col.add({"doc_id": doc_id, "year": int(doc_id[1:]) % 4, **docs[doc_id]} for doc_id in mine)
        col.commit()
    world, allowed = world_of(docs, BOOSTS), {doc_id for doc_id in docs if int(doc_id[1:]) % 4 >= 2}
    for step in STEPS:
        method: Any = step.method
        plan = named.bm25() >> step >> named.bm25()
        hits = found(col.search("wing rib", k=60, plan=plan, where="year >= 2"))
        assert {doc_id for doc_id, _ in hits} <= allowed
        if isinstance(method, Axiomatic):
            continue  # its pool is drawn from the whole collection
        first = found(col.search("wing rib", k=method.docs, where="year >= 2"))
        weights = method.expand(told(world, col.terms("wing rib"), first, method.filter))
        assert same_ranking(hits, found(col.search(weights, k=60, where="year >= 2"))), step
        run = col.search(["wing rib"] * 2, k=60, plan=plan, where=["year >= 2", None])
        assert run[0] == hits
        assert run[1] == found(col.search("wing rib", k=60, plan=plan))
    for plan in ("hybrid", "bm25 + (bm25 >> rm3(most_share=1.0) >> bm25)", "bm25 % 3 | bm25(field=title)"):
        for hit in col.search("wing rib", k=9, plan=plan, where="year >= 2"):
            assert hit.doc_id in allowed
            assert hit.why().score == pytest.approx(hit.score, rel=1e-6)
    assert col.plan("bm25 >> bo1 >> bm25").run(["wing"], where="year = 9").run.doc_ids[0] == []
