"""Each method on one small collection, with weights worked out by hand."""

from __future__ import annotations

import math

import pytest
from tests.feedback_reference import Scored, World, told

from rocchio.feedback import Axiomatic, Bm25Prf, Bo1, Expansion, Kl, KlCorrect, Rm3, Rm3Terrier, Rocchio
from rocchio.feedback.axiomatic import mutual_information

# 40 documents of 4 + 4 + 3 + 37 = 48 tokens; df: wing 2, flutter 2, panel 3, speed 1
WORLD = World(
    {
        "d1": {"wing": 2, "flutter": 1, "panel": 1},
        "d2": {"flutter": 2, "panel": 2},
        "d3": {"panel": 1, "wing": 1, "speed": 1},
        **{f"f{number:02}": {"filler": 1} for number in range(37)},
    }
)
QUERY = {"flutter": 1.0}
FOUND = [("d1", 2.0), ("d2", 1.0)]


def expand(method: Expansion, feedback: Scored = FOUND, positive: int | None = None, query=QUERY) -> dict[str, float]:
    return method.expand(told(WORLD, dict(query), feedback, method.filter, positive))


def near(expected: dict[str, float]) -> object:
    return pytest.approx(expected, rel=1e-6)


def test_rm3():
    # shares of a document times its score: d1 wing 2/4*2, flutter 1/4*2, panel 1/4*2; d2 flutter 2/4, panel 2/4
    # sums 1, 1, 1, scaled 1/3 each, and half of that beside half of the query
    assert expand(Rm3()) == near({"flutter": 1 / 2 + 1 / 6, "panel": 1 / 6, "wing": 1 / 6})
    # one term: d1 says wing, d2 flutter (as often as panel, before it in the alphabet); wing has 2 of 3
    assert expand(Rm3(terms=1, original=0.25)) == near({"flutter": 0.25, "wing": 0.75})
    # one document of two words in ten at most: 4 of 40 documents; panel has 3, the filler 37
    assert expand(Rm3(), [("d1", 2.0), ("f00", 9.0)]) == near({"flutter": 1 / 2 + 1 / 8, "panel": 1 / 8, "wing": 1 / 4})
    # panel has 3 of 40, above 2: d1 says wing 2/3*2 and flutter 1/3*2, d2 only flutter; wing has 4 of 9
    assert expand(Rm3(most_share=0.05)) == near({"flutter": 1 / 2 + 5 / 18, "wing": 4 / 18})
    assert expand(Rm3(), [("f00", 1.0)]) == QUERY  # nothing to choose


def test_rm3_terrier():
    # documents weigh e/(1+e) and 1/(1+e), a term's share is of 4 tokens each; the three sum to 1
    first, second = math.e / (1 + math.e), 1 / (1 + math.e)
    wing, other = first * 2 / 4, first / 4 + second * 2 / 4
    expected = {"flutter": 0.6 + 0.4 * other, "panel": 0.4 * other, "wing": 0.4 * wing}
    assert expand(Rm3Terrier()) == near(expected)
    # speed has one document of the collection, and so is left out; wing and panel have 1 of 3 tokens each
    assert expand(Rm3Terrier(), [("d3", 5.0)]) == near({"flutter": 0.6, "panel": 0.2, "wing": 0.2})


def test_rocchio():
    # unit vectors: d1 (2, 1, 1)/sqrt(6), d2 (0, 1, 1)/sqrt(2); their mean is scaled to length 1 again
    wing, other = 1 / math.sqrt(6), 0.5 / math.sqrt(6) + 0.5 / math.sqrt(2)
    norm = math.sqrt(wing**2 + 2 * other**2)
    wing, other = 0.75 * wing / norm, 0.75 * other / norm
    assert expand(Rocchio()) == near({"flutter": 1 + other, "panel": other, "wing": wing})
    # against it d3, each of its terms 1/sqrt(3), with gamma 0.15; speed falls below 0
    against = 0.15 / math.sqrt(3)
    both = expand(Rocchio(), [*FOUND, ("d3", 0.5)], positive=2)
    assert both == near({"flutter": 1 + other, "panel": other - against, "wing": wing - against})
    # cut to one term, flutter before panel, of weight 1 after scaling
    assert expand(Rocchio(terms=1)) == near({"flutter": 1.75})


def test_bm25prf():
    # N 40, R 2; flutter n 2, r 2: (2.5 * 38.5) / (0.5 * 0.5) = 385; panel n 3, r 2: (2.5 * 37.5) / (1.5 * 0.5) = 125
    # the second pass multiplies by idf: ln(1 + 38.5/2.5) and ln(1 + 37.5/3.5); wing is in one of the two only
    expected = {"flutter": math.log(385) / math.log(16.4), "panel": 0.2 * math.log(125) / math.log(1 + 37.5 / 3.5)}
    assert expand(Bm25Prf()) == near(expected)
    assert list(expand(Bm25Prf(new_term_weight=0.5))) == ["flutter", "panel"]
    # a term of the query that no feedback document has: r 0, n 1: (0.5 * 37.5) / (1.5 * 2.5) = 5
    asked = expand(Bm25Prf(), query={"flutter": 1.0, "speed": 1.0, "absent": 1.0})
    assert asked["speed"] == pytest.approx(math.log(5) / math.log(1 + 39.5 / 1.5))
    assert "absent" not in asked


def test_axiomatic():
    # a pool of four: flutter {d1, d2}, panel {d1, d2, d3}, wing {d1, d3}, speed {d3}, filler {f00}
    # MI(flutter, flutter) = ln 2; with wing 0; with panel, speed and filler 1/2 ln 4/3 + 1/4 ln 2/3 + 1/4 ln 2
    shared = math.log(4 / 3) / 2 + math.log(2 / 3) / 4 + math.log(2) / 4
    idf = math.log(41 // 2)
    other = idf * 0.4 * shared / math.log(2)
    pool = [*FOUND, ("d3", 0.0), ("f00", 0.0)]
    assert expand(Axiomatic(), pool) == near({"flutter": idf, "filler": other, "panel": other, "speed": other})
    assert expand(Axiomatic(terms=2), pool) == near({"flutter": idf, "filler": other})
    assert expand(Axiomatic(beta=0), pool) == near({"flutter": idf})
    # twice the weight on one of two terms: shares are divided by 3; the pool does not have "absent"
    asked = expand(Axiomatic(terms=1), pool, query={"flutter": 2.0, "absent": 1.0})
    assert asked == near({"absent": math.log(41) / 3, "flutter": 2 * idf / 3})


def test_mutual_information():
    import numpy as np

    held = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 1, 0], [1, 1, 1, 1], [0, 0, 0, 0], [0, 0, 1, 1]], np.bool_)
    shared = math.log(4 / 3) / 2 + math.log(2 / 3) / 4 + math.log(2) / 4
    expected = [math.log(2), shared, 0.0, 0.0, 0.0, math.log(2)]  # of a term that is never beside it, as much as own
    assert mutual_information(held[0], held) == pytest.approx(expected)
    assert mutual_information(held[3], held) == pytest.approx([0.0] * 6)  # in all documents: it says nothing
    assert mutual_information(held[4], held) == pytest.approx([0.0] * 6)


def test_bo1():
    # tf 3 each; f = F/N: flutter 3/40, panel 4/40; wing is in one of two documents. The best is flutter, m = 3
    flutter = 3 * math.log2(1.075 / 0.075) + math.log2(1.075)
    panel = 3 * math.log2(1.1 / 0.1) + math.log2(1.1)
    assert expand(Bo1()) == near({"flutter": 2.0, "panel": panel / flutter})
    # the normaliser is that of m in the collection, so that a best term which stands elsewhere too weighs less than 1
    only = expand(Bo1(), [("d3", 1.0)])
    normaliser = math.log2((1 + 1 / 40) / (1 / 40)) + math.log2(1 + 1 / 40)
    assert only["speed"] == pytest.approx(1.0)
    assert only["wing"] == pytest.approx((math.log2(1.075 / 0.075) + math.log2(1.075)) / normaliser)


def test_kl():
    # 8 tokens here, 48 in all: flutter p 3/8, c 3/48; panel p 3/8, c 4/48; the normaliser is 3/8 log2 6
    expected = {"flutter": 2.0, "panel": math.log2(4.5) / math.log2(6)}
    assert expand(Kl()) == near(expected)
    # its own query only, re-weighed
    assert expand(Kl(terms=0)) == near({"flutter": 2.0})


def test_kl_correct():
    # flutter 3/8 log2(6 * (5/8) / (45/48)) = 3/8 log2 4; panel 3/8 log2(4.5 * (5/8) / (44/48))
    expected = {"flutter": 1.75, "panel": 3 / 8 * math.log2(4.5 * (5 / 8) / (44 / 48))}
    assert expand(KlCorrect()) == near(expected)


def test_divergence_counts_terms():
    wide = dict.fromkeys(("flutter", "wing", "speed"), 1.0)
    # as many terms as the query has, at least: wing, in one document, counts since it is asked for
    assert set(expand(Bo1(terms=1), query=wide)) == {"flutter", "panel", "wing", "speed"}
    assert set(expand(Bo1(terms=1))) == {"flutter"}
    assert set(expand(Bo1(), [("d1", 1.0)])) == {"flutter", "panel", "wing"}  # one document: what it has
