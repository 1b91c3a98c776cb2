// Sets of rows come back whole from any kind of container; ranges of ranks equal the plain comparison; bytes
// that are no set are refused.

#include <algorithm>
#include <random>
#include <stdexcept>

#include "base/bitmap.hpp"
#include "filters/rank_range.hpp"
#include "filters/row_set.hpp"
#include "tests/check.hpp"

namespace {

using namespace rocchio;
using namespace rocchio::filters;

using Bytes = std::vector<std::uint8_t>;
using Rows = std::vector<std::uint32_t>;

Rows rows_of(const Bytes& mask, std::size_t row_count) {
    Rows rows;
    for (std::size_t row = 0; row < row_count; ++row)
        if (bit_is_set(mask, row)) rows.push_back(static_cast<std::uint32_t>(row));
    return rows;
}

Rows random_rows(std::mt19937& dice, std::size_t row_count, double share) {
    std::bernoulli_distribution chosen(share);
    Rows rows;
    for (std::size_t row = 0; row < row_count; ++row)
        if (chosen(dice)) rows.push_back(static_cast<std::uint32_t>(row));
    return rows;
}

void test_sets_come_back() {
    std::mt19937 dice(1);
    for (const std::size_t row_count : {1u, 7u, 64u, 65535u, 65536u, 65537u, 200001u}) {
        std::vector<Rows> sets{{}, {0}, {static_cast<std::uint32_t>(row_count - 1)}};
        for (const double share : {0.0005, 0.02, 0.3, 0.95, 1.0})
            sets.push_back(random_rows(dice, row_count, share));
        Rows all;
        std::vector<std::uint64_t> ends;
        for (const Rows& set : sets) {
            all.insert(all.end(), set.begin(), set.end());
            ends.push_back(all.size());
        }
        const EncodedRowSets encoded = encode_row_sets(all, ends, row_count);
        CHECK(encoded.offsets.size() == sets.size() + 1);
        for (std::size_t i = 0; i < sets.size(); ++i) {
            Bytes mask(bitmap_bytes(row_count));
            const auto begin = encoded.offsets[i];
            add_row_set(std::span(encoded.bytes).subspan(begin, encoded.offsets[i + 1] - begin), row_count,
                        mask);
            CHECK(rows_of(mask, row_count) == sets[i]);
            CHECK(count_bits(mask) == sets[i].size());
            std::vector<std::size_t> found;
            for_each_set_bit(mask, [&](std::size_t row) { found.push_back(row); });
            CHECK(std::ranges::equal(found, sets[i]));
            Bytes plain(bitmap_bytes(row_count));
            add_rows(sets[i], row_count, plain);
            CHECK(plain == mask);
        }
        // all rows take one run a container at most
        const std::size_t containers = (row_count + kContainerRows - 1) / kContainerRows;
        if (row_count > 64) CHECK(encoded.bytes.size() - encoded.offsets[sets.size() - 1] <= 8 * containers);
    }
}

void test_what_is_no_set_is_refused() {
    Bytes mask(bitmap_bytes(100));
    const auto add = [&](Bytes bytes) { add_row_set(bytes, 100, mask); };
    CHECK_THROWS(std::invalid_argument, add({0}));
    CHECK_THROWS(std::invalid_argument, add({1, 0, 1, 0, 0, 0}));    // a container behind the last row
    CHECK_THROWS(std::invalid_argument, add({0, 0, 2, 0, 1, 0}));    // a list that is cut off
    CHECK_THROWS(std::invalid_argument, add({0, 0, 1, 0, 100, 0}));  // a row behind the last
    CHECK_THROWS(std::invalid_argument, add({0, 0, 1, 0x80, 99, 0, 1, 0}));  // a run behind the last
    CHECK_THROWS(std::invalid_argument, add({0, 0, 1, 0x80, 99, 0}));
    CHECK_THROWS(std::invalid_argument, add({0, 0, 0, 0, 1, 2, 3}));  // a bitmap that is cut off
    Bytes bitmap(4 + 13);
    bitmap.back() = 0x10;  // row 100
    CHECK_THROWS(std::invalid_argument, add(bitmap));
    bitmap.back() = 0x08;
    add(bitmap);
    CHECK(rows_of(mask, 100) == Rows{99});
    Bytes small(3);
    CHECK_THROWS(std::invalid_argument, add_row_set(bitmap, 100, small));
    CHECK_THROWS(std::invalid_argument, add_rows(Rows{100}, 100, mask));
    CHECK_THROWS(std::invalid_argument, add_rows(Rows{1}, 100, small));
    const std::vector<std::uint64_t> one{2}, behind{3}, falling{2, 1};
    CHECK_THROWS(std::invalid_argument, encode_row_sets(Rows{2, 1}, one, 100));
    CHECK_THROWS(std::invalid_argument, encode_row_sets(Rows{1, 1}, one, 100));
    CHECK_THROWS(std::invalid_argument, encode_row_sets(Rows{1, 100}, one, 100));
    CHECK_THROWS(std::invalid_argument, encode_row_sets(Rows{1, 2}, behind, 100));
    CHECK_THROWS(std::invalid_argument, encode_row_sets(Rows{1, 2}, falling, 100));
}

template <typename Rank>
void test_ranges(std::size_t row_count, std::uint32_t distinct, bool clustered) {
    constexpr Rank kNone = std::numeric_limits<Rank>::max();
    std::mt19937 dice(3);
    std::vector<Rank> ranks(row_count);
    Bytes present(bitmap_bytes(row_count));
    for (std::size_t row = 0; row < row_count; ++row) {
        const auto rank = clustered ? row * distinct / row_count : dice() % distinct;
        ranks[row] = row % 97 == 5 ? kNone : static_cast<Rank>(rank);
        if (ranks[row] != kNone)
            present[row / 8] = static_cast<std::uint8_t>(present[row / 8] | 1u << row % 8);
    }
    Rows lows, highs;
    for (std::size_t begin = 0; begin < row_count; begin += kZoneRows) {
        std::uint32_t low = ~std::uint32_t{0}, high = 0;
        for (std::size_t row = begin; row < std::min(row_count, begin + kZoneRows); ++row) {
            if (ranks[row] == kNone) continue;
            low = std::min<std::uint32_t>(low, ranks[row]);
            high = std::max<std::uint32_t>(high, ranks[row]);
        }
        lows.push_back(low);
        highs.push_back(high);
    }
    for (const auto& [first, last] :
         {std::pair{0u, distinct}, {0u, 1u}, {distinct / 3, distinct / 2}, {5u, 5u}, {9u, 2u}, {0u, ~0u}}) {
        Bytes mask(bitmap_bytes(row_count));
        add_rank_range<Rank>({ranks, lows, highs, present}, first, last, mask);
        Rows expected;
        for (std::size_t row = 0; row < row_count; ++row)
            if (ranks[row] != kNone && ranks[row] >= first && ranks[row] < last)
                expected.push_back(static_cast<std::uint32_t>(row));
        CHECK(rows_of(mask, row_count) == expected);
        Bytes small(mask.size() - 1);
        CHECK_THROWS(std::invalid_argument,
                     add_rank_range<Rank>({ranks, lows, highs, present}, first, last, small));
    }
}

}  // namespace

int main() {
    test_sets_come_back();
    test_what_is_no_set_is_refused();
    for (const bool clustered : {false, true}) {
        test_ranges<std::uint8_t>(3, 2, clustered);
        test_ranges<std::uint8_t>(20001, 254, clustered);
        test_ranges<std::uint32_t>(20001, 5000, clustered);
    }
    return rocchio::failures();
}
