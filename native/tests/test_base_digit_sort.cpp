// Sorting by digits: what a comparison sort gives, for few and many items, keys of one byte and of all.

#include <algorithm>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "base/digit_sort.hpp"
#include "tests/check.hpp"

using namespace rocchio;

namespace {

template <typename Key>
void test_sorts(std::mt19937_64& random, std::size_t count, Key largest) {
    using Item = std::pair<Key, std::size_t>;
    std::vector<Item> items, spare;
    for (std::size_t i = 0; i < count; ++i)
        items.emplace_back(
            largest == static_cast<Key>(~Key{0}) ? random() : random() % (std::uint64_t{largest} + 1), i);
    std::vector<Item> sorted = items;
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const Item& a, const Item& b) { return a.first < b.first; });
    sort_by_digits(std::span(items), spare, [](const Item& item) { return item.first; });
    for (std::size_t i = 0; i < count; ++i) CHECK(items[i].first == sorted[i].first);
    // no item is lost
    std::ranges::sort(items, {}, &Item::second);
    for (std::size_t i = 0; i < count; ++i) CHECK(items[i].second == i);
}

}  // namespace

int main() {
    std::mt19937_64 random(4);
    for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{2}, kFewItems - 1, kFewItems,
                                    kFewItems + 1, std::size_t{5000}}) {
        for (const std::uint32_t largest : {0u, 1u, 255u, 256u, 70000u, ~0u}) {
            test_sorts<std::uint32_t>(random, count, largest);
            test_sorts<std::uint64_t>(random, count, largest);
        }
        test_sorts<std::uint64_t>(random, count, ~std::uint64_t{0});
    }
    return failures();
}
