// The best of many: whatever the order of adding, what a sort would put first.

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <vector>

#include "dense/candidates.hpp"
#include "dense/distinct_rows.hpp"
#include "dense/ranking.hpp"
#include "tests/check.hpp"

using namespace rocchio;
using namespace rocchio::dense;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

bool same(const Candidate& a, const Candidate& b) {
    return a.row == b.row && a.value == b.value;
}

/// `kinds` different values: few of them make many ties.
std::vector<Candidate> random_candidates(std::mt19937& random, std::size_t count, unsigned kinds) {
    std::vector<Candidate> candidates;
    for (std::uint32_t row = 0; row < count; ++row) {
        const int step = static_cast<int>(random() % kinds) - static_cast<int>(kinds / 2);
        candidates.push_back({static_cast<float>(step) * 0.37f, row});
    }
    std::ranges::shuffle(candidates, random);
    return candidates;
}

std::vector<Candidate> sorted_best(std::vector<Candidate> candidates, std::size_t keep) {
    std::ranges::sort(candidates, is_better);
    candidates.resize(std::min(keep, candidates.size()));
    return candidates;
}

std::vector<Candidate> in_order(std::span<const CandidateKey> keys) {
    std::vector<Candidate> candidates;
    for (const CandidateKey key : keys) candidates.push_back({key.value(), key.row()});
    std::ranges::sort(candidates, is_better);
    return candidates;
}

void test_keys_are_in_the_order_of_candidates() {
    const std::vector<float> values{
        -kInfinity, std::numeric_limits<float>::lowest(), -1.0f, -1e-40f, 0.0f, 1e-40f, 1.0f, 1e15f,
        kInfinity};
    std::vector<Candidate> all;
    for (const float value : values)
        for (const std::uint32_t row : {0u, 1u, 7u, 0xFFFFFFFFu}) all.push_back({value, row});
    for (const Candidate& a : all) {
        CHECK(CandidateKey(a).row() == a.row);
        CHECK(CandidateKey(a).value() == a.value);
        for (const Candidate& b : all)
            CHECK(CandidateKey(a).is_better_than(CandidateKey(b)) == is_better(a, b));
    }
}

void test_select_best(std::mt19937& random) {
    for (const std::size_t count : {2u, 3u, 4u, 10u, 100u, 1000u}) {
        for (const unsigned kinds : {1u, 2u, 30u, 1000000u}) {
            for (int round = 0; round < 10; ++round) {
                const std::vector<Candidate> candidates = random_candidates(random, count, kinds);
                const std::size_t keep = 1 + random() % (count - 1);
                std::vector<CandidateKey> keys(candidates.begin(), candidates.end());
                select_best(keys, keep);
                CHECK(std::ranges::equal(in_order({keys.data(), keep}), sorted_best(candidates, keep), same));
                CHECK(in_order(keys).size() == count);
            }
        }
    }
}

void test_select_best_of_orders_that_are_hard() {
    constexpr std::size_t kCount = 3000;
    std::vector<Candidate> ascending;
    for (std::uint32_t row = 0; row < kCount; ++row) ascending.push_back({static_cast<float>(row), row});
    const std::vector<Candidate> descending(ascending.rbegin(), ascending.rend());
    for (const auto& candidates : {ascending, descending}) {
        for (const std::size_t keep : {std::size_t{1}, kCount / 2, kCount - 1}) {
            std::vector<CandidateKey> keys(candidates.begin(), candidates.end());
            select_best(keys, keep);
            CHECK(std::ranges::equal(in_order({keys.data(), keep}), sorted_best(candidates, keep), same));
        }
    }
}

void test_any_order_of_adding_keeps_the_same(std::mt19937& random) {
    Candidates candidates;
    for (const std::size_t count : {0u, 1u, 15u, 16u, 17u, 200u, 3000u}) {
        for (const std::size_t keep : {0u, 1u, 2u, 10u, 100u, 5000u}) {
            std::vector<Candidate> all = random_candidates(random, count, count % 2 != 0 ? 5 : 100000);
            const std::vector<Candidate> expected = sorted_best(all, std::max<std::size_t>(keep, 1));
            for (int round = 0; round < 4; ++round) {
                std::ranges::shuffle(all, random);
                if (round == 3) std::ranges::sort(all, is_better);
                candidates.reset(keep);
                for (const Candidate& candidate : all) {
                    // callers leave out what is under the threshold
                    if (candidate.value >= candidates.threshold()) candidates.add(candidate);
                }
                CHECK(std::ranges::equal(in_order(candidates.best()), expected, same));
            }
        }
    }
}

/// Also of so many that they are sorted by digits, and of zeros with a sign, which are equal to others.
void test_write_best(std::mt19937& random) {
    for (const std::size_t count : {40u, 200u, 700u}) {
        for (const std::size_t k : {1u, 5u, 40u, 60u, 500u, 699u, 900u}) {
            std::vector<Candidate> candidates = random_candidates(random, count, 6);
            for (Candidate& candidate : candidates)
                if (candidate.value == 0.0f && random() % 2 == 0) candidate.value = -0.0f;
            const std::vector<Candidate> expected = sorted_best(candidates, k);
            std::vector<std::int64_t> rows(k);
            std::vector<float> scores(k);
            write_best(candidates, k, rows.data(), scores.data());
            for (std::size_t i = 0; i < k; ++i) {
                const bool is_found = i < expected.size();
                CHECK(rows[i] == (is_found ? std::int64_t{expected[i].row} : -1));
                CHECK(scores[i] == (is_found ? expected[i].value : -kInfinity));
                CHECK(!is_found || std::signbit(scores[i]) == std::signbit(expected[i].value));
            }
        }
    }
}

void test_distinct_rows_are_a_set(std::mt19937& random) {
    DistinctRows distinct;
    for (const std::size_t most : {0u, 1u, 3u, 64u, 2u, 500u, 100u, 1u, 5000u, 7u}) {
        for (const std::uint32_t kinds : {2u, 50u, 0xFFFFFFFFu}) {
            distinct.reset(most);
            std::set<std::uint32_t> seen;
            for (std::size_t i = 0; i < most; ++i) {
                const auto row = static_cast<std::uint32_t>(random() % kinds);
                CHECK(distinct.add(row) == seen.insert(row).second);
            }
        }
    }
    // rows that want the same place
    distinct.reset(100);
    for (int round = 0; round < 2; ++round)
        for (std::uint32_t row = 0; row < 100; ++row) CHECK(distinct.add(row << 25) == (round == 0));
}

}  // namespace

int main() {
    std::mt19937 random(1);
    test_keys_are_in_the_order_of_candidates();
    test_select_best(random);
    test_select_best_of_orders_that_are_hard();
    test_any_order_of_adding_keeps_the_same(random);
    test_write_best(random);
    test_distinct_rows_are_a_set(random);
    return rocchio::failures();
}
