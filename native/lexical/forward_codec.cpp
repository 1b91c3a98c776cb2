#include "lexical/forward_codec.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <numeric>

#include "codecs/bit_writer.hpp"
#include "codecs/exp_golomb.hpp"

namespace rocchio::lexical {
namespace {

using namespace rocchio::codecs;

constexpr unsigned kCodeOrder = 0;

/// The order for the gap before the rank that is at least `next`: rare terms are far apart, by Zipf's law
/// about in proportion to their rank.
unsigned gap_order(std::uint64_t next) {
    const auto width = static_cast<unsigned>(std::bit_width(next));
    return std::max(width, 6u) - 4;  // 4: by measurement, see decision 8
}

}  // namespace

std::vector<std::uint32_t> order_by_frequency(std::span<const std::uint64_t> counts) {
    std::vector<std::uint32_t> order(counts.size() - 1);
    std::iota(order.begin(), order.end(), 0u);
    const auto frequency = [&](std::uint32_t term) { return counts[term + std::size_t{1}] - counts[term]; };
    std::ranges::stable_sort(order, std::greater<>(), frequency);
    return order;
}

std::vector<std::uint32_t> ranks_of(std::span<const std::uint32_t> order) {
    std::vector<std::uint32_t> ranks(order.size());
    for (std::size_t rank = 0; rank < order.size(); ++rank)
        ranks[order[rank]] = static_cast<std::uint32_t>(rank);
    return ranks;
}

void encode_row(std::span<const std::uint64_t> ranks, std::vector<std::uint8_t>& bytes) {
    BitWriter out(bytes);
    std::uint32_t next = 0;
    for (const std::uint64_t coded : ranks) {
        const std::uint32_t rank = Coded::number(coded);
        write_exp_golomb(out, rank - next, gap_order(next));
        write_exp_golomb(out, Coded::code(coded), kCodeOrder);
        next = rank + 1;
    }
    out.finish();
}

void decode_row(const CheckedArray<std::uint8_t>& bytes, std::uint64_t begin, std::uint64_t end,
                std::uint64_t term_count, std::uint64_t code_count, std::vector<std::uint64_t>& ranks) {
    BitReader in(bytes.view(begin, end));
    ranks.clear();
    std::uint64_t next = 0;
    while (in.peek() != 0) {  // a number begins with at most 32 zeros: only the padding has none but zeros
        const auto [gap, code] = read_exp_golomb_pair(in, gap_order(next));
        const std::uint64_t rank = next + gap;
        if (rank >= term_count) bytes.fail(begin, "a term of a row is out of range");
        if (code >= code_count) bytes.fail(begin, "a frequency code is out of range");
        ranks.push_back(rank << 32 | code);
        next = rank + 1;
    }
    if (!in.at_padding()) bytes.fail(begin, "a row of the forward index does not end at its end");
}

}  // namespace rocchio::lexical
