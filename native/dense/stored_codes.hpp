#pragma once
// Eight-bit codes of all rows: in memory, or read for some rows at a time.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/checked_file.hpp"
#include "kernels/vector_kernels.hpp"

namespace rocchio::dense {

/// What is read in one go: enough that reads cost little beside what they bring.
inline constexpr std::size_t kTileBytes = 256 * 1024;

/// Rows, of so many bytes each, that are read in one go; whole groups of those whose bounds are computed
/// together.
inline std::size_t tile_rows(std::size_t row_bytes) {
    const std::size_t groups = kTileBytes / row_bytes / kernels::kBoundRows;
    return std::max<std::size_t>(groups, 1) * kernels::kBoundRows;
}

class StoredCodes {
  public:
    /// `width` codes for each row. In memory they are verified now, else when they are read.
    StoredCodes(CheckedArray<std::uint8_t> codes, std::size_t width, bool in_memory)
        : codes_(std::move(codes)), width_(width), in_memory_(in_memory) {
        if (in_memory) mapped_ = codes_.all();
    }

    bool in_memory() const { return in_memory_; }

    /// Codes of a row and those that follow, in memory.
    const std::uint8_t* row(std::size_t row) const { return mapped_.data() + row * width_; }

    /// Copies the codes of rows, which ascend, one after another.
    void gather(std::span<const std::uint32_t> rows, std::uint8_t* out, ReadBuffer& buffer, bool keep) const {
        if (!in_memory_) return codes_.gather(rows, width_, out, buffer, keep);
        for (const std::uint32_t each : rows) out = std::copy_n(row(each), width_, out);
    }

    /// Whether a scan of so many rows leaves room for others in the cache.
    bool is_worth_keeping(std::size_t rows) const {
        const std::size_t all = codes_.size() / kPageBytes;
        return std::min(rows, all) <= codes_.cached_pages() / 2;
    }

  private:
    CheckedArray<std::uint8_t> codes_;
    std::size_t width_;
    bool in_memory_;
    std::span<const std::uint8_t> mapped_;
};

}  // namespace rocchio::dense
