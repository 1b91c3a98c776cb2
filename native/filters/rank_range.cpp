#include "filters/rank_range.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "base/bitmap.hpp"

namespace rocchio::filters {

namespace {

/// Looks at every row of a block.
template <typename Rank>
void compare_rows(std::span<const Rank> ranks, std::uint32_t first, std::uint32_t width, std::uint8_t* mask) {
    for (std::size_t begin = 0; begin < ranks.size(); begin += 8) {
        const std::size_t count = std::min<std::size_t>(8, ranks.size() - begin);
        unsigned bits = 0;
        for (std::size_t i = 0; i < count; ++i) {
            // one comparison for both ends: what lies below `first` wraps around
            bits |= static_cast<unsigned>(std::uint32_t{ranks[begin + i]} - first < width) << i;
        }
        mask[begin / 8] = static_cast<std::uint8_t>(mask[begin / 8] | bits);
    }
}

}  // namespace

template <typename Rank>
void add_rank_range(const RankedRows<Rank>& rows, std::uint32_t first, std::uint32_t last,
                    std::span<std::uint8_t> mask) {
    const std::size_t count = rows.ranks.size(), blocks = (count + kZoneRows - 1) / kZoneRows;
    if (rows.lows.size() != blocks || rows.highs.size() != blocks || mask.size() != bitmap_bytes(count) ||
        rows.present.size() != mask.size()) {
        throw std::invalid_argument("expected two ranks for every block, and masks with a bit for every row");
    }
    last = std::min<std::uint32_t>(last, std::numeric_limits<Rank>::max());
    if (first >= last) return;
    for (std::size_t block = 0; block < blocks; ++block) {
        const std::uint32_t low = rows.lows[block], high = rows.highs[block];
        if (high < first || low >= last) continue;
        const std::size_t begin = block * kZoneRows, size = std::min(kZoneRows, count - begin);
        if (low >= first && high < last) {
            for (std::size_t byte = begin / 8; byte < bitmap_bytes(begin + size); ++byte)
                mask[byte] = static_cast<std::uint8_t>(mask[byte] | rows.present[byte]);
        } else {
            compare_rows(rows.ranks.subspan(begin, size), first, last - first, mask.data() + begin / 8);
        }
    }
}

template void add_rank_range<std::uint8_t>(const RankedRows<std::uint8_t>&, std::uint32_t, std::uint32_t,
                                           std::span<std::uint8_t>);
template void add_rank_range<std::uint32_t>(const RankedRows<std::uint32_t>&, std::uint32_t, std::uint32_t,
                                            std::span<std::uint8_t>);

}  // namespace rocchio::filters
