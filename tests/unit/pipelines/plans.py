"""Plans of every shape, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from rocchio.feedback import METHODS
from rocchio.fusion.parse import METHODS as FUSIONS
from rocchio.pipelines import Step, named
from rocchio.pipelines.combine import add, chain, cut, fuse_steps, unite, weigh

names = st.sampled_from(
    ["title", "a b", "class", "none", "True", "ﬁeld", "x'y", 'q"', "é", "1st", "_", "\n", "", "in", "\x00"]
)
weights = st.sampled_from([0.5, 1.0, 2, 1e-7, 123456.0, 0.30000000000000004])
searches: st.SearchStrategy[Step] = st.one_of(
    st.builds(
        named.bm25,
        k1=st.sampled_from([0.9, 0, 1.2345678901]),
        b=st.sampled_from([0.4, 1]),
        variant=st.sampled_from(["lucene", "bm25+", "bm25l", "anserini"]),
        delta=st.sampled_from([0.5, 1.0]),
        field=st.none() | names | st.lists(names, min_size=1, max_size=2),
    ),
    st.builds(named.dense, field=st.none() | names, recall=st.none() | st.sampled_from([0.9, 1])),
    st.builds(
        named.sparse, field=st.none() | names, alpha=st.sampled_from([1.0, 0.5]), query_cut=st.none() | st.just(5)
    ),
    st.builds(named.offline, queries=st.integers(1, 9)),
    st.builds(named.hybrid, fusion=st.none() | st.sampled_from(["rrf", "znorm(0.4, 0.6)"])),
)
methods: st.SearchStrategy[Step] = st.one_of(
    [
        st.builds(getattr(named, kind.name), docs=st.integers(1, 20), field=st.none() | names)
        if kind.name != "rm3"
        else st.builds(named.rm3, terms=st.integers(1, 9), original=st.sampled_from([0, 0.25, 1.0]))
        for kind in METHODS
        if kind.reads_ranking  # what reads clicks has tests of its own
    ]
)


refinements = methods | st.builds(named.gate, methods, st.sampled_from([0.18, 0, 0.5]))


def compound(inner: st.SearchStrategy[Step]) -> st.SearchStrategy[Step]:
    """Steps that rank, made of such steps."""
    lists = st.lists(st.one_of(inner, st.builds(weigh, inner, weights)), min_size=2, max_size=3)
    return st.one_of(
        st.builds(lambda first, by, then: chain(chain(first, by), then), inner, refinements, inner),
        st.builds(chain, inner, inner),
        st.builds(add, inner, inner),
        st.builds(lambda steps, last: add(add(steps[0], steps[1]), last), lists, inner),
        st.builds(weigh, inner, weights),
        st.builds(cut, inner, st.integers(1, 50)),
        st.builds(unite, inner, inner),
        st.builds(
            lambda kind, steps: fuse_steps(FUSIONS[kind](), tuple(steps)), st.sampled_from(sorted(FUSIONS)), lists
        ),
    )


plans: st.SearchStrategy[Step] = st.recursive(searches, compound, max_leaves=6)
