// The union of lists: what a map would number, and lists with a document twice are refused.

#include <algorithm>
#include <map>
#include <random>
#include <stdexcept>
#include <vector>

#include "fusion/union.hpp"
#include "tests/check.hpp"

using namespace rocchio::fusion;

namespace {

using Lists = std::vector<std::vector<std::uint64_t>>;

DocumentUnion united(const Lists& lists) {
    std::vector<std::span<const std::uint64_t>> spans(lists.begin(), lists.end());
    return union_of(spans);
}

void check_equals_a_map(const Lists& lists) {
    const DocumentUnion found = united(lists);
    std::map<std::uint64_t, std::int64_t> numbers;
    std::vector<std::int64_t> first;
    std::int64_t position = 0;
    CHECK(found.places.size() == lists.size());
    for (std::size_t list = 0; list < lists.size(); ++list) {
        CHECK(found.places[list].size() == lists[list].size());
        for (std::size_t i = 0; i < lists[list].size(); ++i, ++position) {
            const auto [at, is_new] =
                numbers.emplace(lists[list][i], static_cast<std::int64_t>(numbers.size()));
            if (is_new) first.push_back(position);
            CHECK(found.places[list][i] == at->second);
        }
    }
    CHECK(found.first == first);
}

void test_random_lists() {
    std::mt19937_64 random(5);
    for (int round = 0; round < 200; ++round) {
        const std::uint64_t step = round % 2 == 0 ? 1 : std::uint64_t{1} << 32;  // rows, or segments
        Lists lists(random() % 4);
        for (auto& list : lists) {
            std::vector<std::uint64_t> all(50);
            for (std::size_t i = 0; i < all.size(); ++i) all[i] = i * step;
            std::shuffle(all.begin(), all.end(), random);
            all.resize(random() % 51);
            list = all;
        }
        check_equals_a_map(lists);
    }
    check_equals_a_map({{~std::uint64_t{0}, 0}, {}, {0, 1, ~std::uint64_t{0}}});
}

void test_a_document_twice() {
    CHECK_THROWS(std::invalid_argument, united({{1, 2}, {3, 4, 3}}));
    CHECK_THROWS(std::invalid_argument, united({{1, 2}, {2, 2}}));
}

}  // namespace

int main() {
    test_random_lists();
    test_a_document_twice();
    return rocchio::failures();
}
