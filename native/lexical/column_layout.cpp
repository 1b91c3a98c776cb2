#include "lexical/column_layout.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace rocchio::lexical {
namespace {

/// Calls `visit` with each array of a column and its length, in their order: from the largest alignment to
/// the smallest, so that none needs padding.
template <typename Visit>
void visit_arrays(ColumnArrays& column, const ColumnHeader& header, std::size_t segment_rows, Visit&& visit) {
    const ColumnSizes sizes(header.size, header.entry_blocks, segment_rows);
    const std::size_t listed = sizes.shape == ColumnShape::rows ? 0 : header.entry_blocks;
    column.shape = sizes.shape;
    visit(column.directory, sizes.directory);
    visit(column.entries, sizes.entries);
    visit(column.escapes, header.escapes);
    visit(column.window_starts, sizes.window_starts);
    visit(column.at_least, sizes.at_least);
    visit(column.entry_blocks, listed);
    visit(column.window_rows, header.size);
    visit(column.impacts, header.size + kernels::kImpactPadding);
    visit(column.codes, header.size);
    visit(column.block_maxima, sizes.block_maxima);
    visit(column.entry_maxima, listed);
}

}  // namespace

ColumnHeader header_of(const ColumnArrays& column) {
    return {column.size,
            static_cast<std::uint32_t>(column.entry_blocks.size()),
            static_cast<std::uint32_t>(column.escapes.size()),
            0,
            column.unit,
            0};
}

ColumnHeader read_header(const std::uint8_t* bytes) {
    ColumnHeader header;
    std::memcpy(&header, bytes, sizeof(header));
    return header;
}

std::size_t encoded_size(const ColumnHeader& header, std::size_t segment_rows) {
    std::size_t bytes = sizeof(ColumnHeader);
    ColumnArrays column;
    visit_arrays(column, header, segment_rows,
                 [&](auto& array, std::size_t count) { bytes += count * sizeof(array[0]); });
    return (bytes + kColumnAlignment - 1) / kColumnAlignment * kColumnAlignment;
}

void write_column(const ColumnArrays& column, std::size_t segment_rows, std::uint8_t* bytes) {
    const ColumnHeader header = header_of(column);
    std::uint8_t* const end = bytes + encoded_size(header, segment_rows);
    std::memcpy(bytes, &header, sizeof(header));
    bytes += sizeof(header);
    ColumnArrays arrays = column;
    visit_arrays(arrays, header, segment_rows, [&](const auto& array, std::size_t) {
        if (!array.empty()) std::memcpy(bytes, array.data(), array.size_bytes());
        bytes += array.size_bytes();
    });
    std::fill(bytes, end, std::uint8_t{0});
}

ColumnArrays arrays_in(const std::uint8_t* bytes, std::size_t segment_rows) {
    const ColumnHeader header = read_header(bytes);
    ColumnArrays column;
    column.size = header.size;
    column.unit = header.unit;
    bytes += sizeof(header);
    visit_arrays(column, header, segment_rows, [&](auto& array, std::size_t count) {
        using T = typename std::remove_reference_t<decltype(array)>::value_type;
        array = {reinterpret_cast<const T*>(bytes), count};
        bytes += count * sizeof(T);
    });
    return column;
}

}  // namespace rocchio::lexical
