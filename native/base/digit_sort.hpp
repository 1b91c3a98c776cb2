#pragma once
// Sorts items by numbers without comparing them: what takes longest in a usual sort is guessing how
// comparisons end.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rocchio {

/// Fewer items are sorted by comparisons.
inline constexpr std::size_t kFewItems = 128;

/// Sorts items by `key_of(item)`, an unsigned number, the smallest first; items with equal keys are in any
/// order. `spare` is memory that may be used again.
template <typename Item, typename KeyOf>
void sort_by_digits(std::span<Item> items, std::vector<Item>& spare, KeyOf key_of) {
    using Key = decltype(key_of(items[0]));
    if (items.size() < kFewItems) {
        std::sort(items.begin(), items.end(),
                  [&](const Item& a, const Item& b) { return key_of(a) < key_of(b); });
        return;
    }
    std::array<std::array<std::uint32_t, 256>, sizeof(Key)> ends{};
    for (const Item& item : items) {
        const Key key = key_of(item);
        for (std::size_t digit = 0; digit < sizeof(Key); ++digit) ++ends[digit][key >> 8 * digit & 0xFF];
    }
    if (spare.size() < items.size()) spare.resize(items.size());
    std::span<Item> from = items, to = std::span(spare).first(items.size());
    for (std::size_t digit = 0; digit < sizeof(Key); ++digit) {
        const auto digit_of = [&](const Item& item) { return key_of(item) >> 8 * digit & 0xFF; };
        if (ends[digit][digit_of(items[0])] == items.size()) continue;  // all have the same
        std::uint32_t sum = 0;
        for (std::uint32_t& end : ends[digit]) {
            const std::uint32_t count = end;
            end = sum;
            sum += count;
        }
        for (const Item& item : from) to[ends[digit][digit_of(item)]++] = item;
        std::swap(from, to);
    }
    if (from.data() != items.data()) std::copy(from.begin(), from.end(), items.begin());
}

}  // namespace rocchio
