// Searches of vectors: exact ones equal scoring every row, those of lists find what they should, each under
// any mask.

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "dense/ranking.hpp"
#include "tests/test_dense_fixture.hpp"

using namespace rocchio;
using namespace rocchio::testing;

namespace {

using Mask = std::vector<std::uint8_t>;

constexpr Metric kMetrics[] = {Metric::inner_product, Metric::cosine, Metric::l2};

std::optional<std::span<const std::uint8_t>> span_of(const std::optional<Mask>& mask) {
    if (!mask) return std::nullopt;
    return std::span<const std::uint8_t>(*mask);
}

bool same(const VectorResults& a, const VectorResults& b) {
    return a.rows == b.rows && a.scores == b.scores;
}

double plain_score(Metric metric, const float* q, const float* x, std::size_t dim) {
    double dot = 0.0, q_square = 0.0, x_square = 0.0, distance = 0.0;
    for (std::size_t j = 0; j < dim; ++j) {
        const double a = q[j], b = x[j];
        dot += a * b;
        q_square += a * a;
        x_square += b * b;
        distance += (a - b) * (a - b);
    }
    if (metric == Metric::inner_product) return dot;
    if (metric == Metric::l2) return -distance;
    return q_square > 0.0 && x_square > 0.0 ? dot / (std::sqrt(q_square) * std::sqrt(x_square)) : 0.0;
}

/// Scores every allowed row; each score is near what plain sums in double precision give.
VectorResults scored_one_by_one(const TestIndex& test, const VectorQueries& queries) {
    const Originals originals = test.originals();
    VectorResults results;
    std::vector<float> buffer(test.dim);
    for (std::size_t first = 0; first < queries.values.size(); first += test.dim) {
        const float* query = queries.values.data() + first;
        const ExactScore score(test.metric, query, test.dim);
        std::vector<Candidate> all;
        const std::vector<float> zeros(test.dim);
        const double q_length = std::sqrt(-plain_score(Metric::l2, query, zeros.data(), test.dim));
        for (std::uint32_t row = 0; row < originals.rows(); ++row) {
            if (queries.allowed && !bit_is_set(*queries.allowed, row)) continue;
            const float* x = originals.row(row, buffer.data());
            all.push_back({score(x), row});
            const double length = std::sqrt(-plain_score(Metric::l2, x, zeros.data(), test.dim)),
                         expected = plain_score(test.metric, query, x, test.dim),
                         size = test.metric == Metric::cosine ? 1.0
                                : test.metric == Metric::l2   ? std::fabs(expected)
                                                              : q_length * length;
            CHECK(std::fabs(all.back().value - expected) <= 1e-6 * size + 1e-30);
        }
        results.rows.resize(results.rows.size() + queries.k);
        results.scores.resize(results.rows.size());
        write_best(all, queries.k, &results.rows[results.rows.size() - queries.k],
                   &results.scores[results.rows.size() - queries.k]);
    }
    return results;
}

/// Masks of every density, none first.
std::vector<std::optional<Mask>> masks(std::size_t rows) {
    std::vector<std::optional<Mask>> all{std::nullopt};
    for (const std::size_t step : {1u, 2u, 7u, 50u, 100000u})
        all.emplace_back(mask_of(rows, [step](std::size_t row) { return row % step == 0; }));
    all.emplace_back(mask_of(rows, [rows](std::size_t row) { return row > rows / 3 && row < rows / 2; }));
    all.emplace_back(Mask(bitmap_bytes(rows)));
    all.emplace_back(Mask(bitmap_bytes(rows), 0xFF));  // also bits past the last row
    return all;
}

void check_exact(TestIndex& test, const std::vector<float>& queries) {
    const auto index = test.open();
    for (const std::optional<Mask>& mask : masks(index->rows())) {
        for (const std::size_t k : {std::size_t{1}, std::size_t{10}, index->rows() + 5}) {
            const VectorQueries wanted{queries, k, span_of(mask)};
            CHECK(same(index->exact(wanted), scored_one_by_one(test, wanted)));
        }
    }
}

/// Range searches whose least scores are those of rows, between them, and beyond all of them.
void check_within(TestIndex& test, const std::vector<float>& queries) {
    const auto index = test.open();
    const std::size_t count = queries.size() / test.dim;
    for (const std::optional<Mask>& mask : masks(index->rows())) {
        const std::size_t k = index->rows();
        const VectorResults all = scored_one_by_one(test, {queries, k, span_of(mask)});
        for (const std::size_t place : {std::size_t{0}, k / 50, k / 3, k - 1}) {
            for (const float step : {-1.0f, 0.0f, 1.0f}) {
                std::vector<float> least(count);
                for (std::size_t query = 0; query < count; ++query)
                    least[query] = std::nextafter(all.scores[query * k + place], step * 1e30f);
                if (step == 0.0f)
                    for (std::size_t query = 0; query < count; ++query)
                        least[query] = all.scores[query * k + place];
                const RangeResults found = index->within(queries, least, span_of(mask));
                for (std::size_t query = 0; query < count; ++query) {
                    std::size_t expected = 0;
                    while (expected < k && all.rows[query * k + expected] >= 0 &&
                           all.scores[query * k + expected] >= least[query])
                        ++expected;
                    const std::size_t begin = found.offsets[query];
                    CHECK(found.offsets[query + 1] - begin == expected);
                    for (std::size_t i = 0; i < expected; ++i) {
                        CHECK(found.rows[begin + i] == all.rows[query * k + i]);
                        CHECK(found.scores[begin + i] == all.scores[query * k + i]);
                    }
                }
            }
        }
    }
}

// ---- exact
// ---------------------------------------------------------------------------------------------------

void test_exact_equals_scoring_every_row(Metric metric) {
    std::mt19937 random(1);
    for (const std::size_t dim : {1u, 3u, 64u, 100u}) {
        for (const std::size_t rows : {1u, 63u, 64u, 65u, 300u}) {
            TestIndex test(metric, dim, clustered_vectors(random, rows, dim, 5), 0);
            check_exact(test, random_vectors(random, rows == 300 ? 33 : 3, dim));
        }
    }
}

void test_range_searches_equal_scoring_every_row(Metric metric) {
    std::mt19937 random(9);
    for (const std::size_t dim : {1u, 3u, 100u}) {
        for (const std::size_t rows : {1u, 65u, 300u}) {
            TestIndex test(metric, dim, clustered_vectors(random, rows, dim, 5), 0);
            check_within(test, random_vectors(random, rows == 300 ? 33 : 3, dim));
        }
    }
}

void test_exact_of_float16(Metric metric) {
    std::mt19937 random(2);
    const std::size_t dim = 37, rows = 200;
    std::vector<std::uint16_t> bits(rows * dim);
    for (std::uint16_t& half : bits)  // any sign and fraction, exponents that are not those of infinity
        half = static_cast<std::uint16_t>((random() & 0x83FFu) | (random() % 30) << 10);
    TestIndex test(metric, dim, bits, 0);
    check_exact(test, random_vectors(random, 5, dim));
}

void test_exact_of_vectors_made_to_hurt(Metric metric) {
    std::mt19937 random(3);
    const std::size_t dim = 48, rows = 240;
    std::vector<float> vectors = random_vectors(random, rows, dim);
    const auto scale = [&](std::size_t first, std::size_t last, float factor) {
        for (std::size_t i = first * dim; i < last * dim; ++i) vectors[i] *= factor;
    };
    std::vector<float> queries = random_vectors(random, 6, dim);
    for (std::size_t j = 0; j < dim; ++j) queries[j] = 0.0f;               // a query of zeros
    for (std::size_t j = 0; j < dim; ++j) queries[dim + j] *= 1e15f;       // a huge one
    for (std::size_t j = 0; j < dim; ++j) queries[2 * dim + j] *= 1e-15f;  // a tiny one
    TestIndex plain(metric, dim, vectors, 0);
    check_exact(plain, queries);
    std::copy_n(vectors.begin(), 60 * dim, vectors.begin() + 60 * dim);  // duplicates
    scale(120, 140, 0.0f);
    TestIndex repeated(metric, dim, vectors, 0);
    check_exact(repeated, queries);
    scale(140, 160, 1e15f);
    scale(160, 180, 1e-15f);
    scale(180, 200, 1e-40f);
    if (metric == Metric::cosine)
        scale(180, 200, 0.0f);  // shorter ones are refused as vectors without direction
    TestIndex mixed(metric, dim, vectors, 0);
    check_exact(mixed, queries);
    std::vector<float> far = random_vectors(random, rows, dim, 1e-4f);  // scores that are equal once rounded
    for (std::size_t i = 0; i < far.size(); ++i) far[i] += static_cast<float>(1 + i % dim);
    TestIndex beside_each_other(metric, dim, far, 0);
    check_exact(beside_each_other, queries);
    if (metric != Metric::cosine) {  // squares that are too small for a float
        TestIndex tiny(metric, dim, random_vectors(random, rows, dim, 1e-25f), 0);
        check_exact(tiny, queries);
    }
    scale(0, rows, 0.0f);
    TestIndex zeros(metric, dim, vectors, 0);
    check_exact(zeros, queries);
    std::ranges::fill(vectors, 1e15f);
    TestIndex constant(metric, dim, vectors, 0);
    check_exact(constant, queries);
    TestIndex none(metric, dim, std::vector<float>{}, 0);
    check_exact(none, queries);
}

// ---- lists
// ---------------------------------------------------------------------------------------------------

constexpr std::size_t kRows = 1500, kDim = 40, kLists = 45;

TestIndex with_lists(Metric metric) {
    std::mt19937 random(4);
    std::vector<float> vectors = clustered_vectors(random, kRows, kDim, 30);
    std::copy_n(vectors.begin(), 20 * kDim, vectors.begin() + 700 * kDim);  // duplicates
    return {metric, kDim, vectors, kLists};
}

void test_all_lists_equal_exact(Metric metric) {
    std::mt19937 random(5);
    TestIndex test = with_lists(metric);
    const auto index = test.open();
    const std::vector<float> queries = random_vectors(random, 70, kDim);
    for (const std::optional<Mask>& mask : masks(kRows)) {
        for (const std::size_t k : {std::size_t{1}, std::size_t{10}, std::size_t{100}, kRows + 5}) {
            const VectorQueries wanted{queries, k, span_of(mask)};
            CHECK(same(index->search(wanted, {kLists + 3, 2 * kRows, 2 * k}), index->exact(wanted)));
        }
    }
}

void test_few_lists_find_most(Metric metric) {
    TestIndex test = with_lists(metric);
    const auto index = test.open();
    std::mt19937 random(6);
    const std::vector<float> queries = random_vectors(random, 100, kDim);
    const VectorQueries wanted{queries, 10, std::nullopt};
    const VectorResults exact = index->exact(wanted);
    double last = 0.0;
    for (const Effort& effort : {Effort{4, 40, 20}, Effort{10, 60, 20}, Effort{25, 120, 20}}) {
        const VectorResults found = index->search(wanted, effort);
        std::size_t hits = 0;
        for (std::size_t query = 0; query < 100; ++query) {
            const auto first = exact.rows.begin() + static_cast<std::ptrdiff_t>(10 * query);
            for (std::size_t i = 0; i < 10; ++i)
                hits += std::count(first, first + 10, found.rows[10 * query + i]) == 1;
        }
        const double recall = static_cast<double>(hits) / 1000.0;
        CHECK(recall >= last);
        last = recall;
        CHECK(found.work.lists == 100 * effort.probes);
        CHECK(found.work.entries > 100 * 20 && found.work.entries < 100 * 2 * kRows);
        CHECK(found.work.rescored <= found.work.refined && found.work.refined <= 100 * effort.refine);
    }
    CHECK(last > 0.9);
}

/// A search finds the rows whose places are below the number of rows it refines, and no others of these.
void test_places_tell_what_searches_find(Metric metric) {
    TestIndex test = with_lists(metric);
    const auto index = test.open();
    std::mt19937 random(12);
    const std::size_t count = 70, k = 10, most = 150;
    const std::vector<float> queries = random_vectors(random, count, kDim);
    const std::vector<std::size_t> probes{1, 4, 12, kLists + 1};
    for (const std::optional<Mask>& mask : {std::optional<Mask>{}, masks(kRows)[2]}) {
        const VectorQueries asked{queries, k, span_of(mask)};
        const VectorResults exact = index->exact(asked);
        const std::vector<std::uint32_t> wanted(exact.rows.begin(), exact.rows.end());
        const std::vector<std::uint32_t> places = index->places(asked, wanted, probes, most);
        CHECK(places.size() == count * probes.size() * k);
        for (std::size_t number = 0; number < probes.size(); ++number) {
            for (const std::size_t refine : {std::size_t{1}, k, 5 * k, most}) {
                const VectorResults found = index->search(asked, {probes[number], refine, 0});
                for (std::size_t query = 0; query < count; ++query) {
                    const auto first = found.rows.begin() + static_cast<std::ptrdiff_t>(query * k);
                    for (std::size_t i = 0; i < k; ++i) {
                        const std::uint32_t place = places[(query * probes.size() + number) * k + i];
                        CHECK((place < refine) ==
                              (std::find(first, first + k, exact.rows[query * k + i]) != first + k));
                    }
                }
            }
        }
    }
}

void test_results_do_not_depend_on_other_queries(Metric metric) {
    TestIndex test = with_lists(metric);
    const auto index = test.open();
    std::mt19937 random(7);
    const std::size_t count = 150, k = 7;
    const std::vector<float> queries = random_vectors(random, count, kDim);
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::shuffle(order, random);
    std::vector<float> shuffled;
    for (const std::size_t query : order)
        shuffled.insert(shuffled.end(), &queries[query * kDim], &queries[query * kDim] + kDim);
    const Mask some = mask_of(kRows, [](std::size_t row) { return row % 3 != 0; });
    for (const std::optional<Mask>& mask : {std::optional<Mask>{}, std::optional<Mask>{some}}) {
        for (const Effort& effort : {Effort{1, 10, 14}, Effort{9, 30, 14}, Effort{20, 60, 600}}) {
            const VectorResults all = index->search({queries, k, span_of(mask)}, effort);
            const VectorResults other = index->search({shuffled, k, span_of(mask)}, effort);
            for (std::size_t place = 0; place < count; ++place) {
                const std::size_t query = order[place];
                CHECK(std::equal(&other.rows[place * k], &other.rows[place * k] + k, &all.rows[query * k]));
                CHECK(std::equal(&other.scores[place * k], &other.scores[place * k] + k,
                                 &all.scores[query * k]));
                if (place % 10 != 0) continue;
                const std::span<const float> alone = std::span(queries).subspan(query * kDim, kDim);
                const VectorResults single = index->search({alone, k, span_of(mask)}, effort);
                CHECK(std::equal(single.rows.begin(), single.rows.end(), &all.rows[query * k]));
                CHECK(std::equal(single.scores.begin(), single.scores.end(), &all.scores[query * k]));
            }
        }
    }
}

void test_masks_are_honoured(Metric metric) {
    TestIndex test = with_lists(metric);
    const auto index = test.open();
    std::mt19937 random(8);
    const std::vector<float> queries = random_vectors(random, 40, kDim);
    const std::size_t k = 10;
    for (const std::optional<Mask>& mask : masks(kRows)) {
        std::size_t allowed = kRows;
        if (mask) {
            allowed = 0;
            for (std::size_t row = 0; row < kRows; ++row) allowed += bit_is_set(*mask, row) ? 1u : 0u;
        }
        const VectorResults found = index->search({queries, k, span_of(mask)}, {1, 20, 2 * k});
        for (std::size_t query = 0; query < 40; ++query) {
            // however few there are, they are found
            const std::int64_t* rows = &found.rows[query * k];
            CHECK(std::count(rows, rows + k, -1) == static_cast<std::ptrdiff_t>(k - std::min(k, allowed)));
            for (std::size_t i = 0; i < k; ++i) {
                const float score = found.scores[query * k + i];
                CHECK((rows[i] == -1) == (score == -std::numeric_limits<float>::infinity()));
                if (rows[i] == -1) continue;
                CHECK(rows[i] >= 0 && rows[i] < static_cast<std::int64_t>(kRows));
                CHECK(!mask || bit_is_set(*mask, static_cast<std::size_t>(rows[i])));
                CHECK(std::count(rows, rows + k, rows[i]) == 1);
                CHECK(i == 0 || found.scores[query * k + i - 1] >= score);
            }
        }
    }
}

void test_lists_show_every_row() {
    TestIndex test = with_lists(Metric::cosine);
    const auto index = test.open();
    CHECK(index->lists() == kLists && index->rows() == kRows && index->dim() == kDim);
    std::vector<std::uint32_t> rows = index->listed_rows();
    CHECK(rows.size() > kRows && rows.size() <= 2 * kRows);
    std::ranges::sort(rows);
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    CHECK(rows.size() == kRows && rows.front() == 0 && rows.back() == kRows - 1);
}

/// An index of some rows finds what the whole one finds under their mask, exactly and by its own list.
void test_restricted_equals_a_mask(Metric metric) {
    TestIndex test = with_lists(metric);
    const auto index = test.open();
    std::mt19937 random(9);
    const std::vector<float> queries = random_vectors(random, 5, kDim);
    for (const std::size_t step : {1u, 3u, 50u, 100000u}) {
        const Mask mask = mask_of(kRows, [step](std::size_t row) { return row % step == 0; });
        std::vector<std::uint32_t> rows;
        for (std::uint32_t row = 0; row < kRows; row += static_cast<std::uint32_t>(step)) rows.push_back(row);
        const VectorQueries masked{queries, 10, std::span<const std::uint8_t>(mask)};
        const VectorQueries all{queries, 10, std::nullopt};
        const VectorResults expected = index->exact(masked);
        CHECK(same(index->restricted(rows, false).exact(all), expected));
        const VectorIndex listed = index->restricted(rows, true);
        CHECK(listed.lists() == 1 && listed.listed_rows() == rows && listed.own_bytes() > 4 * rows.size());
        CHECK(same(listed.exact(all), expected));
        CHECK(same(listed.search(all, {1, kRows, 20}), expected));  // looks closely at every row
        const Mask even = mask_of(kRows, [](std::size_t row) { return row % 2 == 0; });
        const Mask both = mask_of(kRows, [step](std::size_t row) { return row % step == 0 && row % 2 == 0; });
        CHECK(same(listed.exact({queries, 10, std::span<const std::uint8_t>(even)}),
                   index->exact({queries, 10, std::span<const std::uint8_t>(both)})));
    }
    CHECK_THROWS(std::invalid_argument, index->restricted({3, 3}, true));
    CHECK_THROWS(std::invalid_argument, index->restricted({static_cast<std::uint32_t>(kRows)}, true));
    CHECK(index->restricted({}, true).exact({queries, 1, std::nullopt}).rows[0] == -1);
}

}  // namespace

int main() {
    for (const Metric metric : kMetrics) {
        test_exact_equals_scoring_every_row(metric);
        test_range_searches_equal_scoring_every_row(metric);
        test_exact_of_float16(metric);
        test_exact_of_vectors_made_to_hurt(metric);
        test_all_lists_equal_exact(metric);
        test_few_lists_find_most(metric);
        test_places_tell_what_searches_find(metric);
        test_results_do_not_depend_on_other_queries(metric);
        test_masks_are_honoured(metric);
        test_restricted_equals_a_mask(metric);
    }
    test_lists_show_every_row();
    return rocchio::failures();
}
