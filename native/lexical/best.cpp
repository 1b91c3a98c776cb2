#include "lexical/best.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <utility>

namespace rocchio::lexical {
namespace {

struct Keyed {
    std::uint32_t order;  // grows as the score falls
    std::uint32_t hit;
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

void keep_best(std::vector<Scored>& hits, std::size_t k, const DocIdOrder& order) {
    std::vector<Keyed> keyed(hits.size());
    for (std::uint32_t i = 0; i < hits.size(); ++i) keyed[i] = {descending(hits[i].score), i};
    constexpr std::size_t kRadixPays = 256;
    if (keyed.size() >= kRadixPays) {
        radix_sort(keyed);
    } else {
        std::ranges::sort(keyed, {}, &Keyed::order);
    }
    const std::size_t wanted = std::min(k, keyed.size());
    std::vector<Scored> best;
    best.reserve(keyed.size());
    while (best.size() < wanted) {
        const std::size_t begin = best.size();
        for (std::size_t i = begin; i < keyed.size() && keyed[i].order == keyed[begin].order; ++i)
            best.push_back(hits[keyed[i].hit]);
        const std::span tied = std::span(best).subspan(begin);
        order.sort(tied, std::min(tied.size(), wanted - begin));
    }
    best.resize(wanted);
    hits.swap(best);
}

}  // namespace rocchio::lexical
