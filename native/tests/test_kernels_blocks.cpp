// Every level of instruction set gives the same results to the last bit.

#include <algorithm>
#include <bit>
#include <random>
#include <vector>

#include "kernels/block_kernels.hpp"
#include "tests/check.hpp"

using namespace rocchio;
using namespace rocchio::kernels;

namespace {

constexpr std::size_t kRows = 64 * 40;
constexpr std::size_t kBlocks = kRows / kBlockRows;

std::vector<DirectoryWord> directory_of(const std::vector<std::uint32_t>& places, std::size_t size) {
    std::vector<DirectoryWord> words((size + 63) / 64);
    for (const std::uint32_t place : places) words[place / 64].bits |= std::uint64_t{1} << (place % 64);
    std::uint32_t before = 0;
    for (DirectoryWord& word : words) {
        word.first = before;
        before += static_cast<std::uint32_t>(std::popcount(word.bits));
    }
    return words;
}

/// One posting list in all its shapes.
struct Postings {
    std::vector<std::uint32_t> rows;
    std::vector<std::uint8_t> impacts;
    std::vector<DirectoryWord> by_rows;
    std::vector<std::uint32_t> blocks;
    std::vector<BlockEntry> entries;
    std::vector<DirectoryWord> by_blocks;

    Postings(std::mt19937& random, unsigned share) {
        for (std::uint32_t row = 0; row < kRows; ++row) {
            if (random() % share != 0) continue;
            if (blocks.empty() || blocks.back() != row / kBlockRows) {
                blocks.push_back(static_cast<std::uint32_t>(row / kBlockRows));
                entries.push_back({static_cast<std::uint32_t>(rows.size())});
            }
            const std::size_t at = rows.size() - entries.back().first;
            rows.push_back(row);
            impacts.push_back(static_cast<std::uint8_t>(1 + random() % 255));
            if (at < BlockEntry::kInline) entries.back().impacts[at] = impacts.back();
            entries.back().presence =
                static_cast<std::uint8_t>(entries.back().presence | 1u << row % kBlockRows);
        }
        entries.push_back({static_cast<std::uint32_t>(rows.size())});
        entries.emplace_back();  // kernels read past an entry
        impacts.resize(rows.size() + kImpactPadding);
        by_rows = directory_of(rows, kRows);
        by_blocks = directory_of(blocks, kBlocks);
    }
};

void test_scoring(const BlockKernels& level, std::mt19937& random, unsigned share) {
    const Postings list(random, share);
    const auto weight = static_cast<std::uint16_t>(256 + random() % 60000);
    std::vector<std::uint32_t> blocks;
    for (std::size_t i = 0; i < FoundBlocks::kMost; ++i)
        blocks.push_back(static_cast<std::uint32_t>(random() % kBlocks));
    std::vector<std::uint16_t> expected(blocks.size() * kBlockRows);
    for (std::size_t j = 0; j < blocks.size(); ++j) {
        for (std::size_t i = 0; i < list.rows.size(); ++i) {
            if (list.rows[i] / kBlockRows != blocks[j]) continue;
            expected[j * kBlockRows + list.rows[i] % kBlockRows] = weighted(list.impacts[i], weight);
        }
    }
    std::vector<std::uint16_t> sums(expected.size());
    level.ask_by_rows(blocks.data(), blocks.size(), list.by_rows.data(), list.impacts.data());
    level.score_by_rows(sums.data(), blocks.data(), blocks.size(), list.by_rows.data(), list.impacts.data(),
                        weight);
    CHECK(sums == expected);
    std::ranges::fill(sums, std::uint16_t{0});
    FoundBlocks found;
    level.find_blocks(found, blocks.data(), blocks.size(), list.by_blocks.data(), list.entries.data());
    level.score_found(sums.data(), found, list.entries.data(), list.impacts.data(), weight);
    CHECK(sums == expected);
    std::vector<std::uint32_t> ascending = blocks;
    std::ranges::sort(ascending);
    ascending.erase(std::unique(ascending.begin(), ascending.end()), ascending.end());
    std::vector<std::uint16_t> by_place(ascending.size() * kBlockRows);
    level.score_entries(by_place.data(), directory_of(ascending, kBlocks).data(), list.blocks.data(),
                        list.entries.data(), list.blocks.size(), list.impacts.data(), weight);
    for (std::size_t j = 0; j < blocks.size(); ++j) {
        const auto place =
            static_cast<std::size_t>(std::ranges::lower_bound(ascending, blocks[j]) - ascending.begin());
        CHECK(std::equal(&by_place[place * kBlockRows], &by_place[place * kBlockRows] + kBlockRows,
                         &expected[j * kBlockRows]));
    }
    std::vector<std::uint16_t> all(kRows);
    std::vector<std::uint16_t> rows16(list.rows.begin(), list.rows.end());
    level.add_postings(all.data(), rows16.data(), list.impacts.data(), rows16.size(), weight);
    for (std::size_t j = 0; j < blocks.size(); ++j) {
        CHECK(std::equal(&all[blocks[j] * kBlockRows], &all[blocks[j] * kBlockRows] + kBlockRows,
                         &expected[j * kBlockRows]));
    }
}

void test_finding(const BlockKernels& level, std::mt19937& random, unsigned share) {
    const Postings list(random, share);
    std::vector<std::uint32_t> wanted;
    for (int i = 0; i < 300; ++i) wanted.push_back(static_cast<std::uint32_t>(random() % kRows));
    std::vector<std::uint32_t> expected;
    for (const std::uint32_t row : wanted) {
        const auto found = std::ranges::lower_bound(list.rows, row);
        const bool there = found != list.rows.end() && *found == row;
        expected.push_back(there ? static_cast<std::uint32_t>(found - list.rows.begin()) : kNowhere);
    }
    std::vector<std::uint32_t> places(wanted.size());
    level.find_by_rows(places.data(), wanted.data(), wanted.size(), list.by_rows.data());
    CHECK(places == expected);
    std::ranges::fill(places, 0u);
    level.find_by_blocks(places.data(), wanted.data(), wanted.size(), list.by_blocks.data(),
                         list.entries.data());
    CHECK(places == expected);
}

void test_sums(const BlockKernels& level, std::mt19937& random) {
    std::vector<std::uint8_t> maxima(kScanBlocks * 9);
    std::vector<std::uint16_t> sums(maxima.size());
    std::vector<std::uint16_t> largest(maxima.size());
    for (std::size_t i = 0; i < maxima.size(); ++i) {
        maxima[i] = static_cast<std::uint8_t>(random());
        sums[i] = static_cast<std::uint16_t>(random() % 30000);
        largest[i] = static_cast<std::uint16_t>(random() % 30000);
    }
    const auto weight = static_cast<std::uint16_t>(random() % 30000);
    std::vector<std::uint16_t> expected = sums;
    for (std::size_t i = 0; i < sums.size(); ++i) {
        expected[i] = static_cast<std::uint16_t>(expected[i] + weighted(maxima[i], weight));
    }
    level.add_maxima(sums.data(), maxima.data(), sums.size(), weight);
    CHECK(sums == expected);
    for (std::size_t i = 0; i < sums.size(); ++i) expected[i] = std::max(largest[i], sums[i]);
    level.keep_larger(largest.data(), sums.data(), sums.size());
    CHECK(largest == expected);
    for (const std::uint32_t cut : {0u, 1u, std::uint32_t{sums[3]}, 20000u, 65534u, 65535u}) {
        const auto limit = static_cast<std::uint16_t>(cut);
        std::vector<std::uint32_t> above;
        for (std::uint32_t i = 0; i < sums.size(); ++i) {
            if (sums[i] > limit) above.push_back(i);
        }
        std::vector<std::uint32_t> found(sums.size());
        found.resize(level.find_above(found.data(), sums.data(), sums.size(), limit));
        CHECK(found == above);
        std::uint32_t mask = 0;
        for (std::size_t i = 0; i < kBlockRows; ++i) mask |= (sums[i] > limit ? 1u : 0u) << i;
        CHECK(level.rows_above(sums.data(), limit) == mask);
    }
    sums.assign(kScanBlocks, 65535);
    std::vector<std::uint32_t> found(kScanBlocks);
    CHECK(level.find_above(found.data(), sums.data(), kScanBlocks, 65534) == kScanBlocks);
    CHECK(level.find_above(found.data(), sums.data(), kScanBlocks, 65535) == 0);
    CHECK(level.rows_above(sums.data(), 65534) == 0xFFu);
}

}  // namespace

int main() {
    for (const BlockKernels* level : available_block_kernels()) {
        std::mt19937 random(3);
        for (const unsigned share : {1u, 2u, 7u, 40u, 400u, 100000u}) {
            test_scoring(*level, random, share);
            test_finding(*level, random, share);
        }
        for (int round = 0; round < 20; ++round) test_sums(*level, random);
    }
    CHECK(available_block_kernels().front()->name == std::string_view("portable"));
    return rocchio::failures();
}
