#pragma once
// A column as one run of bytes, in memory and on disk (docs/formats/frozen.md): what it is about, then its
// arrays.

#include <cstddef>
#include <cstdint>

#include "lexical/column.hpp"

namespace rocchio::lexical {

/// Where a column may begin, and what its bytes are a multiple of.
inline constexpr std::size_t kColumnAlignment = 16;

/// What stands before the arrays of a column; their lengths follow from it.
struct ColumnHeader {
    std::uint32_t size = 0;
    std::uint32_t entry_blocks = 0;
    std::uint32_t escapes = 0;
    std::uint32_t unused = 0;
    double unit = 0.0;
    std::uint64_t unused_too = 0;
};

ColumnHeader header_of(const ColumnArrays& column);

/// The header that `bytes` begin with.
ColumnHeader read_header(const std::uint8_t* bytes);

/// Bytes of a column with its padding.
std::size_t encoded_size(const ColumnHeader& header, std::size_t segment_rows);

/// Writes a column to `bytes`, of which there are encoded_size.
void write_column(const ColumnArrays& column, std::size_t segment_rows, std::uint8_t* bytes);

/// The arrays of a column that was written to `bytes`.
ColumnArrays arrays_in(const std::uint8_t* bytes, std::size_t segment_rows);

}  // namespace rocchio::lexical
