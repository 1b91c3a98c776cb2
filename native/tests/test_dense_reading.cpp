// Indexes that are read find what indexes in memory find, to the last bit, whatever is in memory and cached.

#include <memory>
#include <random>
#include <vector>

#include "tests/check.hpp"
#include "tests/test_dense_fixture.hpp"

using namespace rocchio;
using namespace rocchio::testing;

namespace {

constexpr std::size_t kRows = 3000, kDim = 40, kLists = 12, kQueries = 40;
constexpr InMemory kParts[] = {{false, false}, {false, true}, {true, false}, {true, true}};

bool same(const VectorResults& a, const VectorResults& b) {
    return a.rows == b.rows && a.scores == b.scores;
}

struct Case {
    std::vector<float> queries;
    std::vector<std::uint8_t> mask;
};

void compare(const VectorIndex& read, const VectorIndex& mapped, const Case& given) {
    const std::span<const std::uint8_t> mask(given.mask);
    for (const std::size_t k : {std::size_t{1}, std::size_t{10}, kRows}) {
        const VectorQueries all{given.queries, k, std::nullopt}, masked{given.queries, k, mask};
        CHECK(same(read.exact(all), mapped.exact(all)));
        CHECK(same(read.exact(masked), mapped.exact(masked)));
        for (const Effort& effort : {Effort{2, 30, 2 * k}, Effort{3, 50, 2 * k, 0.02f, kLists}}) {
            CHECK(same(read.search(all, effort), mapped.search(all, effort)));
            CHECK(same(read.search(masked, effort), mapped.search(masked, effort)));
        }
    }
    const std::vector<float> least(kQueries, -20.0f);
    CHECK(read.within(given.queries, least, mask).rows == mapped.within(given.queries, least, mask).rows);
    CHECK(read.listed_rows() == mapped.listed_rows());
    std::vector<std::uint32_t> rows;
    for (std::uint32_t row = 0; row < kRows; row += 3) rows.push_back(row);
    for (const bool listed : {false, true}) {
        const VectorIndex own = read.restricted(rows, listed), expected = mapped.restricted(rows, listed);
        const VectorQueries all{given.queries, 10, std::nullopt};
        CHECK(same(own.exact(all), expected.exact(all)));
        CHECK(own.listed_rows() == expected.listed_rows());
        if (listed) CHECK(same(own.search(all, {1, 60, 20}), expected.search(all, {1, 60, 20})));
    }
}

void reads_find_the_same(TestIndex test, const Case& given) {
    TestIndex in_memory = test;
    const auto mapped = in_memory.open();
    for (const InMemory parts : kParts) {
        for (const std::size_t cache_bytes : {std::size_t{0}, std::size_t{32 * 5000}, std::size_t{1} << 24})
            compare(*test.open(parts, std::make_shared<PageCache>(cache_bytes)), *mapped, given);
    }
}

}  // namespace

int main() {
    std::mt19937 random(5);
    for (const Metric metric : {Metric::inner_product, Metric::cosine, Metric::l2}) {
        const std::vector<float> vectors = clustered_vectors(random, kRows, kDim, kLists);
        const Case given{clustered_vectors(random, kQueries, kDim, kLists),
                         mask_of(kRows, [](std::size_t row) { return row % 7 < 2; })};
        reads_find_the_same({metric, kDim, vectors, kLists}, given);
    }
    std::vector<std::uint16_t> halves(kRows * kDim);
    for (std::uint16_t& half : halves) half = static_cast<std::uint16_t>((random() & 0x83FF) | 0x3800);
    const Case given{random_vectors(random, kQueries, kDim),
                     mask_of(kRows, [](std::size_t row) { return row % 7 < 2; })};
    reads_find_the_same({Metric::l2, kDim, halves, kLists}, given);
    return failures();
}
