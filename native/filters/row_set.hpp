#pragma once
// Sets of rows as compressed bitmaps, after Roaring (Lemire et al., Software: Practice and Experience, 2018):
// rows that share what is above their low 16 bits are one container, kept as whichever is smallest of a list,
// a bitmap or runs. docs/formats/columns.md has the bytes.

#include <cstdint>
#include <span>
#include <vector>

namespace rocchio::filters {

/// Rows that one container covers.
constexpr std::uint64_t kContainerRows = 65536;

/// Sets one after the other: set i has the bytes [offsets[i], offsets[i + 1]).
struct EncodedRowSets {
    std::vector<std::uint8_t> bytes;
    std::vector<std::uint64_t> offsets;
};

/// Set i has rows[ends[i - 1], ends[i]), which increase. std::invalid_argument for anything else.
EncodedRowSets encode_row_sets(std::span<const std::uint32_t> rows, std::span<const std::uint64_t> ends,
                               std::uint64_t row_count);

/// Sets the bits of a set's rows in `mask`, which has a bit for each of `row_count` rows. The bytes may be
/// any: std::invalid_argument if they are no set of these rows.
void add_row_set(std::span<const std::uint8_t> bytes, std::uint64_t row_count, std::span<std::uint8_t> mask);

/// Sets the bits of rows, in any order. std::invalid_argument if one is not below `row_count`.
void add_rows(std::span<const std::uint32_t> rows, std::uint64_t row_count, std::span<std::uint8_t> mask);

}  // namespace rocchio::filters
