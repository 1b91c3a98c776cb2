#pragma once
// Columns that were computed ahead and kept in a file, so that the first search of a term finds them there
// (docs/formats/frozen.md). A cache: the file says what it was made for, and is not used for anything else;
// nothing in it is trusted, and whoever meets a damaged column computes it anew.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/checked_file.hpp"
#include "lexical/column.hpp"
#include "lexical/scoring.hpp"
#include "lexical/segment.hpp"

namespace rocchio::lexical {

/// Shorter lists are not frozen: computing their columns costs about what looking them up does.
inline constexpr std::uint64_t kLeastFrozen = 64;

/// The arrays as they stand on disk.
struct FrozenArrays {
    CheckedArray<double> made_for;
    CheckedArray<std::uint32_t> terms;   // increasing
    CheckedArray<std::uint64_t> begins;  // by term: where its column begins
    CheckedArray<std::uint8_t> columns;
};

/// Columns of some terms, encoded: term i is `bytes` from begins[i] on.
struct EncodedColumns {
    std::vector<std::uint32_t> terms;
    std::vector<std::uint64_t> begins;
    std::vector<std::uint8_t> bytes;
};

/// What decides the columns of a segment: its shape, the scoring with its statistics, and the boosts.
std::vector<double> column_identity(const Segment& segment, const Scoring& scoring,
                                    std::span<const double> field_weights);

/// Appends a column to `bytes`, whose size must be a multiple of 16 and is one afterwards.
void encode_column(const ColumnArrays& column, std::size_t segment_rows, std::vector<std::uint8_t>& bytes);

class FrozenColumns {
  public:
    /// Throws Corruption when the sizes of the arrays do not fit each other.
    explicit FrozenColumns(FrozenArrays arrays);

    /// Whether the columns are those of this segment with this scoring. Throws Corruption.
    bool fits(const Segment& segment, const Scoring& scoring, std::span<const double> field_weights) const;

    /// The column of a term, over the file; null when it is not there. Throws Corruption when it breaks a
    /// rule that searching relies on.
    std::unique_ptr<const Column> find(const Segment& segment, std::uint32_t term) const;

    /// Computes every column anew and compares; throws Corruption.
    void validate(const Segment& segment) const;

  private:
    std::span<const std::uint8_t> encoded(std::uint64_t begin, const Segment& segment) const;

    FrozenArrays arrays_;
};

}  // namespace rocchio::lexical
