#pragma once
// Rows whose values lie in a range, from the rank of each row's value and what ranks each block of rows
// spans.

#include <cstdint>
#include <span>

namespace rocchio::filters {

/// Rows of a block; its least and largest rank say whether it needs to be looked into.
constexpr std::size_t kZoneRows = 4096;

/// Ranks of one column: the largest number of the type stands for a row without a value. `lows` and `highs`
/// are by block; `present` has a bit for each row that has a value.
template <typename Rank>
struct RankedRows {
    std::span<const Rank> ranks;
    std::span<const std::uint32_t> lows;
    std::span<const std::uint32_t> highs;
    std::span<const std::uint8_t> present;
};

/// Sets the bits of rows whose rank is in [first, last). std::invalid_argument if the sizes do not fit each
/// other.
template <typename Rank>
void add_rank_range(const RankedRows<Rank>& rows, std::uint32_t first, std::uint32_t last,
                    std::span<std::uint8_t> mask);

extern template void add_rank_range<std::uint8_t>(const RankedRows<std::uint8_t>&, std::uint32_t,
                                                  std::uint32_t, std::span<std::uint8_t>);
extern template void add_rank_range<std::uint32_t>(const RankedRows<std::uint32_t>&, std::uint32_t,
                                                   std::uint32_t, std::span<std::uint8_t>);

}  // namespace rocchio::filters
