// The fast kernels must return exactly what the reference returns: rows, scores bit by bit, order.

#include <cmath>

#include "tests/test_lexical_fixture.hpp"

using namespace rocchio;
using namespace rocchio::testing;

namespace {

constexpr std::uint32_t kTerms = 60;

struct Index {
    std::vector<std::vector<Document>> documents;
    std::vector<std::unique_ptr<TestSegment>> files;
    std::vector<std::shared_ptr<const Segment>> segments;
    std::vector<std::vector<bool>> live;
    std::uint64_t live_documents = 0;
    std::vector<std::uint64_t> total_lengths;
};

Index make_index(std::mt19937& random, const std::vector<std::size_t>& sizes, std::size_t field_count,
                 std::size_t wild, double deleted_share, std::uint32_t terms = kTerms) {
    Index index;
    index.total_lengths.assign(field_count, 0);
    for (std::size_t s = 0; s < sizes.size(); ++s) {
        auto& documents = index.documents.emplace_back(random_documents(
            random, sizes[s], field_count, terms, wild, std::string(1, static_cast<char>('a' + s))));
        auto& file = *index.files.emplace_back(std::make_unique<TestSegment>(documents, field_count, terms));
        auto segment = file.open();
        auto& live = index.live.emplace_back(sizes[s], true);
        std::vector<std::uint32_t> deleted;
        for (std::uint32_t row = 0; row < sizes[s]; ++row) {
            if (static_cast<double>(random() % 1000) < deleted_share * 1000) {
                deleted.push_back(row);
                live[row] = false;
                continue;
            }
            ++index.live_documents;
            for (std::size_t f = 0; f < field_count; ++f)
                index.total_lengths[f] += documents[row].fields[f].size();
        }
        if (!deleted.empty()) segment = file.open(tombstones_of(documents, *segment, deleted));
        index.segments.push_back(segment);
    }
    return index;
}

struct Queries {
    std::vector<std::string> strings;
    std::vector<std::string_view> distinct;
    std::vector<std::uint64_t> offsets{0};
    std::vector<std::uint32_t> terms;
    std::vector<double> weights;

    QueryBatch batch() const { return {offsets, terms, weights}; }
};

enum class Weights : std::uint8_t { ones, positive, uneven, any };

Queries make_queries(std::mt19937& random, std::size_t count, Weights kind, std::uint32_t terms = kTerms,
                     std::size_t most = 11) {
    Queries queries;
    for (std::uint32_t term = 0; term < terms + 3; ++term) queries.strings.push_back(term_string(term));
    queries.distinct.assign(queries.strings.begin(), queries.strings.end());
    for (std::size_t q = 0; q < count; ++q) {
        for (std::size_t n = random() % (most + 1); n > 0; --n) {
            queries.terms.push_back(random() % queries.distinct.size());
            const double weight = static_cast<double>(random() % 1000) / 250.0;
            queries.weights.push_back(kind == Weights::ones       ? 1.0
                                      : kind == Weights::positive ? weight + 0.001
                                      : kind == Weights::uneven
                                          ? (random() % 4 ? 1e-4 : 1.0) * (weight + 0.001)
                                          : weight - (random() % 2 ? 2.0 : 0.0));
        }
        queries.offsets.push_back(queries.terms.size());
    }
    return queries;
}

bool same(const BatchResult& a, const BatchResult& b) {
    return a.offsets == b.offsets && std::ranges::equal(a.hits, b.hits, [](const Scored& x, const Scored& y) {
               return x.score == y.score && x.segment == y.segment && x.row == y.row;
           });
}

/// An independent and slow evaluation straight from the documents, for the order and the members of an
/// answer.
void check_against_documents(const Index& index, const Scoring& given,
                             const std::vector<double>& field_weights, const Queries& queries, std::size_t k,
                             const std::vector<std::vector<bool>>& allowed, const BatchResult& result) {
    Scoring scoring = given;
    double total = 0;
    for (std::size_t f = 0; f < field_weights.size(); ++f) {
        total += field_weights[f] * static_cast<double>(index.total_lengths[f]);
    }
    scoring.average_length = total > 0 ? total / static_cast<double>(index.live_documents) : 1.0;
    const auto frequency = [&](const Document& document, std::uint32_t term) {
        double tf = 0;
        for (std::size_t f = 0; f < field_weights.size(); ++f) {
            tf += field_weights[f] * static_cast<double>(std::ranges::count(document.fields[f], term));
        }
        return tf;
    };
    std::vector<std::uint64_t> df(queries.distinct.size(), 0);
    for (std::uint32_t term = 0; term < df.size(); ++term) {
        for (std::size_t s = 0; s < index.documents.size(); ++s) {
            for (std::size_t row = 0; row < index.documents[s].size(); ++row) {
                if (index.live[s][row] && frequency(index.documents[s][row], term) > 0) ++df[term];
            }
        }
    }
    for (std::size_t q = 0; q + 1 < queries.offsets.size(); ++q) {
        std::map<std::string, double> scores;
        double constant = 0;
        for (auto i = queries.offsets[q]; i < queries.offsets[q + 1]; ++i) {
            if (df[queries.terms[i]] == 0) continue;
            constant += queries.weights[i] * scoring.idf(index.live_documents, df[queries.terms[i]]) *
                        scoring.absent_part();
        }
        for (std::size_t s = 0; s < index.documents.size(); ++s) {
            for (std::size_t row = 0; row < index.documents[s].size(); ++row) {
                const Document& document = index.documents[s][row];
                if (!index.live[s][row] || (!allowed.empty() && !allowed[s][row])) continue;
                double length = 0;
                for (std::size_t f = 0; f < field_weights.size(); ++f) {
                    length += field_weights[f] * static_cast<double>(document.fields[f].size());
                }
                std::map<std::uint32_t, double> merged;
                for (auto i = queries.offsets[q]; i < queries.offsets[q + 1]; ++i) {
                    merged[queries.terms[i]] += queries.weights[i];
                }
                double score = 0;
                bool matched = false;
                for (const auto& [term, weight] : merged) {
                    const double tf = frequency(document, term);
                    if (tf <= 0 || weight == 0.0) continue;
                    matched = true;
                    score +=
                        weight * scoring.idf(index.live_documents, df[term]) * scoring.tf_part(tf, length);
                }
                if (matched) scores[document.doc_id] = score + constant;
            }
        }
        const auto first = result.offsets[q];
        const auto count = result.offsets[q + 1] - first;
        CHECK(count == std::min(k, scores.size()));
        std::vector<double> sorted;
        for (const auto& [id, score] : scores) sorted.push_back(score);
        std::ranges::sort(sorted, std::greater<>());
        for (std::size_t i = 0; i < count; ++i) {
            const Scored& hit = result.hits[first + i];
            const std::string id(index.segments[hit.segment]->doc_id(hit.row));
            const auto found = scores.find(id);
            CHECK(found != scores.end());
            if (found == scores.end()) continue;
            const double tolerance = 1e-5 * (1.0 + std::abs(sorted[i]) + std::abs(constant));
            CHECK(std::abs(found->second - hit.score) <= tolerance);
            CHECK(std::abs(sorted[i] - hit.score) <= tolerance);
            if (i > 0) {
                const Scored& before = result.hits[first + i - 1];
                CHECK(before.score > hit.score ||
                      (before.score == hit.score && index.segments[before.segment]->doc_id(before.row) < id));
            }
        }
    }
}

constexpr Kernel kFast[] = {Kernel::automatic, Kernel::pruned, Kernel::exhaustive};

constexpr Variant kVariants[] = {Variant::robertson, Variant::lucene,   Variant::atire,
                                 Variant::bm25l,     Variant::bm25plus, Variant::anserini};

void test_kernels_equal_the_reference(std::uint32_t seed) {
    std::mt19937 random(seed);
    const std::size_t field_count = 1 + seed % 3;
    const std::vector<std::size_t> sizes =
        seed % 2 ? std::vector<std::size_t>{400} : std::vector<std::size_t>{150, 1, 220};
    Index index = make_index(random, sizes, field_count, seed % 3 ? 0 : 330, seed % 4 ? 0.0 : 0.3);
    for (const Variant variant : kVariants) {
        for (const double b : {0.4, 1.0}) {
            const Scoring scoring{variant, random() % 3 ? 0.9 : 2.0, b, 0.5, 1.0};
            std::vector<double> field_weights(field_count, 1.0);
            for (double& weight : field_weights) weight = static_cast<double>(1 + random() % 20) / 4;
            if (field_count > 1 && random() % 2) field_weights[random() % field_count] = 0.0;
            const Searcher searcher(index.segments, scoring, field_weights, index.live_documents,
                                    index.total_lengths);
            std::vector<std::vector<std::uint8_t>> bitmaps;
            std::vector<AllowedRows> masks;
            std::vector<std::vector<bool>> allowed;
            if (random() % 2) {
                for (const auto& segment : index.segments) {
                    auto& bits = bitmaps.emplace_back(bitmap_bytes(segment->row_count()), 0);
                    auto& flags = allowed.emplace_back(segment->row_count(), false);
                    for (std::size_t row = 0; row < flags.size(); ++row) {
                        flags[row] = random() % 3 == 0;
                        if (flags[row])
                            bits[row / 8] = static_cast<std::uint8_t>(bits[row / 8] | 1u << (row % 8));
                    }
                }
                masks.assign(bitmaps.begin(), bitmaps.end());
            }
            for (const Weights kind : {Weights::ones, Weights::positive, Weights::uneven, Weights::any}) {
                const Queries queries = make_queries(random, 12, kind);
                for (const std::size_t k : {1, 3, 10, 1000}) {
                    const auto plain =
                        searcher.search(queries.distinct, queries.batch(), k, masks, Kernel::reference);
                    for (const Kernel kernel : kFast) {
                        CHECK(same(plain,
                                   searcher.search(queries.distinct, queries.batch(), k, masks, kernel)));
                    }
                    if (k == 10 && seed < 4) {
                        check_against_documents(index, scoring, field_weights, queries, k, allowed, plain);
                    }
                }
            }
        }
    }
}

/// More rows than one window has, frequent and rare terms, and many different lengths.
void test_many_windows(Weights kind) {
    std::mt19937 random(77);
    Index index = make_index(random, {40000}, 1, 300, 0.05);
    for (const Variant variant : kVariants) {
        const Searcher searcher(index.segments, {variant, 0.9, 0.4, 0.5, 1.0}, {1.3}, index.live_documents,
                                index.total_lengths);
        const Queries queries = make_queries(random, 8, kind);
        for (const std::size_t k : {1, 10, 2000, 10000}) {
            const auto plain = searcher.search(queries.distinct, queries.batch(), k, {}, Kernel::reference);
            for (const Kernel kernel : kFast) {
                CHECK(same(plain, searcher.search(queries.distinct, queries.batch(), k, {}, kernel)));
            }
        }
    }
}

/// More terms than 16 bits have room for, of either sign, in several segments with deleted rows.
void test_many_terms() {
    constexpr std::uint32_t kManyTerms = 500;
    std::mt19937 random(78);
    Index index = make_index(random, {3000, 500}, 2, 300, 0.1, kManyTerms);
    for (const Variant variant : kVariants) {
        const Searcher searcher(index.segments, {variant, 0.9, 0.4, 0.5, 1.0}, {1.3, 0.5},
                                index.live_documents, index.total_lengths);
        for (const Weights kind : {Weights::positive, Weights::any}) {
            const Queries queries = make_queries(random, 6, kind, kManyTerms, 900);
            for (const std::size_t k : {1, 10, 2000}) {
                const auto plain =
                    searcher.search(queries.distinct, queries.batch(), k, {}, Kernel::reference);
                for (const Kernel kernel : kFast) {
                    CHECK(same(plain, searcher.search(queries.distinct, queries.batch(), k, {}, kernel)));
                }
            }
        }
    }
}

/// Weights of which none, or hardly one, is positive: the best rows have scores of 0 or below.
void test_scores_below_zero() {
    std::mt19937 random(79);
    Index index = make_index(random, {400, 300}, 1, 0, 0.1);
    for (const Variant variant : kVariants) {
        const Searcher searcher(index.segments, {variant, 0.9, 0.4, 0.5, 1.0}, {1.0}, index.live_documents,
                                index.total_lengths);
        Queries queries = make_queries(random, 20, Weights::positive);
        for (double& weight : queries.weights) weight *= random() % 8 == 0 ? 0.1 : random() % 4 ? -1.0 : 0.0;
        for (const std::size_t k : {1, 10, 50, 1000}) {
            const auto plain = searcher.search(queries.distinct, queries.batch(), k, {}, Kernel::reference);
            for (const Kernel kernel : kFast) {
                CHECK(same(plain, searcher.search(queries.distinct, queries.batch(), k, {}, kernel)));
            }
        }
    }
}

/// Extreme but legal parameters: k1 of 0, large delta, tiny and huge boosts and weights.
int differences(double k1, double b, double delta, double boost, double weight, bool one_field,
                Variant variant, std::uint32_t seed) {
    std::mt19937 random(seed);
    Index index = make_index(random, {300, 200}, 2, 220, 0.0);
    const std::vector<double> field_weights = one_field ? std::vector{0.0, boost} : std::vector{boost, boost};
    const Searcher searcher(index.segments, {variant, k1, b, delta, 1.0}, field_weights, index.live_documents,
                            index.total_lengths);
    Queries queries = make_queries(random, 30, Weights::positive);
    for (double& w : queries.weights) w *= weight;
    int count = 0;
    for (const std::size_t k : {1, 5, 20, 100}) {
        const auto plain = searcher.search(queries.distinct, queries.batch(), k, {}, Kernel::reference);
        for (const Kernel kernel : kFast) {
            count += !same(plain, searcher.search(queries.distinct, queries.batch(), k, {}, kernel));
        }
    }
    return count;
}

bool has_constant(Variant variant) {
    return variant == Variant::bm25l || variant == Variant::bm25plus;
}

void test_extreme_parameters() {
    int lost_to_nan = 0;
    int lost_to_zero_bounds = 0;
    int lost_ties = 0;
    for (const Variant variant : kVariants) {
        for (const double k1 : {0.0, 1e-3, 1000.0}) {
            for (const double b : {0.0, 1.0}) {
                for (const double delta : {0.0, 1.0, 1000.0}) {
                    if (variant == Variant::bm25l && k1 + delta == 0) continue;
                    if (!has_constant(variant) && delta != 0.0) continue;
                    for (const bool one_field : {false, true}) {
                        const int bad = differences(k1, b, delta, 1.0, 1.0, one_field, variant, 5);
                        if (variant == Variant::bm25l && k1 == 0.0) {
                            lost_to_zero_bounds += bad;
                        } else if (k1 == 0.0 && one_field) {
                            lost_to_nan += bad;
                        } else if (has_constant(variant) && delta == 1000.0) {
                            lost_ties += bad;
                        } else {
                            CHECK(bad == 0);
                        }
                    }
                }
            }
        }
        CHECK(differences(0.9, 0.4, 0.5, 1e6, 1.0, false, variant, 6) == 0);
        (variant == Variant::bm25l ? lost_ties : lost_to_zero_bounds) +=
            differences(0.9, 0.4, 0.5, 1e-6, 1.0, false, variant, 6);
        lost_to_zero_bounds += differences(0.9, 0.4, 0.5, 1e-60, 1.0, false, variant, 6);
        for (const double weight : {1e-30, 1e-19, 1e15, 1e25}) {
            CHECK(differences(0.9, 0.4, 0.5, 1.0, weight, false, variant, 7) == 0);
        }
    }
    // k1 = 0 and a posting with a rare code in no searched field: 0/0 = NaN must not hide the row
    CHECK(lost_to_nan == 0);
    // a bound that rounds to 0 (bm25l with k1 = 0, tiny boosts) is still a match
    CHECK(lost_to_zero_bounds == 0);
    // sums that differ by less than the rounding of sum + constant tie, and the tie goes by doc_id: pruning
    // must not look at the sums alone
    CHECK(lost_ties == 0);
}

/// A term left out of the searched fields must not disturb the others, whatever its code.
void test_unsearched_field_with_rare_codes() {
    for (std::uint32_t seed = 20; seed < 24; ++seed) {
        for (const Variant variant : kVariants)
            CHECK(differences(0.9, 1.0, 0.5, 1.0, 1.0, true, variant, seed) == 0);
    }
}

/// The order of documents and of segments does not change scores, nor does it change the order of ties.
void test_segmentation_does_not_matter() {
    std::mt19937 random(13);
    const auto documents = random_documents(random, 240, 2, kTerms, 0);
    std::vector<std::uint64_t> totals(2, 0);
    for (const auto& document : documents) {
        for (std::size_t f = 0; f < 2; ++f) totals[f] += document.fields[f].size();
    }
    const Queries queries = make_queries(random, 20, Weights::any);
    std::vector<std::pair<std::string, float>> expected;
    for (const std::size_t parts : {1, 2, 5}) {
        std::vector<std::unique_ptr<TestSegment>> files;
        std::vector<std::shared_ptr<const Segment>> segments;
        for (std::size_t part = 0; part < parts; ++part) {
            std::vector<Document> some;
            for (std::size_t d = part; d < documents.size(); d += parts) some.push_back(documents[d]);
            segments.push_back(files.emplace_back(std::make_unique<TestSegment>(some, 2, kTerms))->open());
        }
        const Searcher searcher(segments, {}, {2.0, 1.0}, documents.size(), totals);
        for (const Kernel kernel : {Kernel::reference, Kernel::pruned, Kernel::exhaustive}) {
            const auto result = searcher.search(queries.distinct, queries.batch(), 15, {}, kernel);
            std::vector<std::pair<std::string, float>> found;
            for (const Scored& hit : result.hits)
                found.emplace_back(searcher.doc_id(hit.segment, hit.row), hit.score);
            if (expected.empty()) expected = found;
            CHECK(found == expected);
        }
    }
    CHECK(!expected.empty());
}

/// A batch in parts, made ready by several threads, is the batch in one.
void test_parts_do_not_matter() {
    std::mt19937 random(14);
    Index index = make_index(random, {150, 90}, 1, 0, 0.1, 300);
    const Queries queries = make_queries(random, 40, Weights::positive, 300);
    const auto searcher = [&] {
        return Searcher(index.segments, {}, {1.0}, index.live_documents, index.total_lengths);
    };
    const Searcher one = searcher(), many = searcher();
    const auto whole = one.search(queries.distinct, queries.batch(), 7, {}, Kernel::automatic);
    const auto shared = many.share(queries.distinct, queries.batch(), 7, {}, Kernel::automatic, 1.0, 4);
    for (const std::size_t parts : {1, 3, 40}) {
        BatchResult joined;
        for (std::size_t part = 0; part < parts; ++part) {
            const auto found = many.search(shared, part * 40 / parts, (part + 1) * 40 / parts);
            for (std::size_t q = 1; q < found.offsets.size(); ++q)
                joined.offsets.push_back(joined.hits.size() + found.offsets[q]);
            joined.hits.insert(joined.hits.end(), found.hits.begin(), found.hits.end());
        }
        CHECK(same(joined, whole));
    }
}

void test_nothing_to_find() {
    const Searcher empty({}, {}, {1.0}, 0, std::vector<std::uint64_t>{0});
    const Queries queries = make_queries(*std::make_unique<std::mt19937>(1), 5, Weights::ones);
    CHECK(empty.search(queries.distinct, queries.batch(), 10, {}, Kernel::automatic).hits.empty());
    std::mt19937 random(2);
    Index index = make_index(random, {50}, 1, 0, 1.0);  // all deleted
    CHECK(index.live_documents == 0);
    const Searcher gone(index.segments, {}, {1.0}, 0, index.total_lengths);
    CHECK(gone.search(queries.distinct, queries.batch(), 10, {}, Kernel::pruned).hits.empty());
    CHECK(gone.search(queries.distinct, queries.batch(), 10, {}, Kernel::reference).hits.empty());
}

}  // namespace

int main() {
    for (std::uint32_t seed = 1; seed <= 6; ++seed) test_kernels_equal_the_reference(seed);
    for (const Weights kind : {Weights::positive, Weights::uneven, Weights::any}) test_many_windows(kind);
    test_many_terms();
    test_scores_below_zero();
    test_extreme_parameters();
    test_unsearched_field_with_rare_codes();
    test_segmentation_does_not_matter();
    test_parts_do_not_matter();
    test_nothing_to_find();
    return rocchio::failures();
}
