#include "lexical/best.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace rocchio::lexical {
namespace {

struct Keyed {
    std::uint32_t order;  // grows as the score falls
    std::uint32_t row;
};

/// Floats as integers in the opposite order. -0 and 0 tie as scores, so they get one key.
std::uint32_t descending(float score) {
    const auto bits = std::bit_cast<std::uint32_t>(score == 0.0f ? 0.0f : score);
    return (bits >> 31) != 0 ? bits : ~bits & 0x7FFFFFFFu;
}

/// Least significant digit first, three digits of 11 bits: no branches to mispredict.
void radix_sort(std::vector<Keyed>& items) {
    constexpr unsigned kDigit = 11;
    constexpr std::uint32_t kMask = (1u << kDigit) - 1;
    std::vector<Keyed> other(items.size());
    for (unsigned shift = 0; shift < 32; shift += kDigit) {
        std::array<std::uint32_t, kMask + 1> starts{};
        for (const Keyed& item : items) ++starts[(item.order >> shift) & kMask];
        std::uint32_t next = 0;
        for (std::uint32_t& start : starts) next += std::exchange(start, next);
        for (const Keyed& item : items) other[starts[(item.order >> shift) & kMask]++] = item;
        items.swap(other);
    }
}

}  // namespace

void keep_best_of_segment(std::vector<Scored>& hits, std::size_t k, std::span<const std::uint32_t> ranks) {
    if (hits.empty()) return;
    const std::uint32_t segment = hits.front().segment;
    std::vector<Keyed> keyed;
    keyed.reserve(hits.size());
    for (const Scored& hit : hits) keyed.push_back({descending(hit.score), hit.row});
    constexpr std::size_t kRadixPays = 256;
    if (keyed.size() >= kRadixPays) {
        radix_sort(keyed);
    } else {
        std::ranges::sort(keyed, {}, &Keyed::order);
    }
    for (std::size_t begin = 0; begin < std::min(k, keyed.size());) {
        std::size_t end = begin + 1;
        while (end < keyed.size() && keyed[end].order == keyed[begin].order) ++end;
        if (end - begin > 1) {
            std::ranges::sort(keyed.begin() + static_cast<std::ptrdiff_t>(begin),
                              keyed.begin() + static_cast<std::ptrdiff_t>(end), {},
                              [&](const Keyed& item) { return ranks[item.row]; });
        }
        begin = end;
    }
    hits.resize(std::min(k, hits.size()));
    for (std::size_t i = 0; i < hits.size(); ++i) {
        const std::uint32_t order = keyed[i].order;
        const std::uint32_t bits = (order >> 31) != 0 ? order : ~order & 0x7FFFFFFFu;
        hits[i] = {std::bit_cast<float>(bits), segment, keyed[i].row};
    }
}

}  // namespace rocchio::lexical
