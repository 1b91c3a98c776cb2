#pragma once
// Which rows were seen already, of few at a time.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace rocchio::dense {

/// A set of rows that is emptied without a look at its memory: open addressing, at most half full.
class DistinctRows {
  public:
    /// Empties the set; at most `most` rows will be added.
    void reset(std::size_t most) {
        const std::size_t size = std::bit_ceil(std::max<std::size_t>(2 * most, 2));
        if (size > slots_.size() || round_ == std::numeric_limits<std::uint32_t>::max()) {
            slots_.assign(std::max(size, slots_.size()), 0);
            round_ = 0;
        }
        ++round_;
        shift_ = 64 - std::countr_zero(size);
        mask_ = size - 1;
    }

    /// Whether the row was not there.
    bool add(std::uint32_t row) {
        const std::uint64_t taken = std::uint64_t{round_} << 32 | row;
        std::size_t slot = static_cast<std::size_t>(row * 0x9E3779B97F4A7C15u >> shift_);
        for (; slots_[slot] >> 32 == round_; slot = (slot + 1) & mask_)
            if (slots_[slot] == taken) return false;
        slots_[slot] = taken;
        return true;
    }

  private:
    std::vector<std::uint64_t> slots_;  // the round in which it was taken, and the row
    std::uint32_t round_ = 0;
    int shift_ = 63;
    std::size_t mask_ = 1;
};

}  // namespace rocchio::dense
