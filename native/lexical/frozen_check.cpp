#include "lexical/frozen_check.hpp"

#include <algorithm>
#include <bit>
#include <functional>

namespace rocchio::lexical {
namespace {

// Far above what any scoring gives, and far below where products of weights overflow.
constexpr double kLargestUnit = 1e100;

bool windows_hold(const ColumnArrays& column, std::size_t segment_rows) {
    const auto starts = column.window_starts;
    if (starts.front() != 0 || starts.back() != column.size) return false;
    for (std::size_t w = 0; w + 1 < starts.size(); ++w) {
        if (starts[w] > starts[w + 1] || starts[w + 1] > column.size) return false;
        const auto rows = column.window_rows.subspan(starts[w], starts[w + 1] - starts[w]);
        const std::size_t limit =
            std::min(ColumnArrays::kWindowRows, segment_rows - w * ColumnArrays::kWindowRows);
        if (!rows.empty() && rows.back() >= limit) return false;
        bool is_increasing = true;
        for (std::size_t i = 1; i < rows.size(); ++i) is_increasing &= rows[i - 1] < rows[i];
        if (!is_increasing) return false;
    }
    return true;
}

bool codes_hold(const ColumnArrays& column, std::size_t code_count) {
    std::size_t escaped = 0;
    std::uint8_t largest = 0;
    for (const std::uint8_t code : column.codes) {
        const bool is_escape = code == ColumnArrays::kEscape;
        escaped += is_escape ? 1 : 0;
        largest = std::max(largest, is_escape ? std::uint8_t{0} : code);
    }
    if (escaped != column.escapes.size() || (column.size > 0 && largest >= code_count)) return false;
    for (std::size_t i = 0; i < column.escapes.size(); ++i) {
        const EscapedCode& escape = column.escapes[i];
        if (escape.place >= column.size || column.codes[escape.place] != ColumnArrays::kEscape ||
            escape.code >= code_count || (i > 0 && column.escapes[i - 1].place >= escape.place)) {
            return false;
        }
    }
    return true;
}

bool counts_hold(const ColumnArrays& column) {
    const auto counts = column.at_least;
    return counts.empty() || (counts.front() == column.size && counts.back() == 0 &&
                              std::ranges::is_sorted(counts, std::ranges::greater()));
}

/// Whether a directory counts its bits rightly up to `total`, with none at `limit` or above.
bool directory_holds(std::span<const kernels::DirectoryWord> directory, std::size_t limit,
                     std::size_t total) {
    std::size_t before = 0;
    for (std::size_t i = 0; i < directory.size(); ++i) {
        if (directory[i].first != before) return false;
        const std::size_t left = limit > 64 * i ? limit - 64 * i : 0;
        if (left < 64 && directory[i].bits >> left != 0) return false;
        before += static_cast<std::size_t>(std::popcount(directory[i].bits));
    }
    return before == total;
}

bool entries_hold(const ColumnArrays& column, std::size_t segment_rows) {
    std::size_t before = 0;
    const std::size_t count = column.entry_blocks.size();
    for (std::size_t i = 0; i < count; ++i) {
        const kernels::BlockEntry& entry = column.entries[i];
        const std::size_t block = column.entry_blocks[i];
        if (entry.first != before || (i > 0 && column.entry_blocks[i - 1] >= block)) return false;
        if (block * kBlockRows + std::bit_width(entry.presence) > segment_rows) return false;
        before += static_cast<std::size_t>(std::popcount(entry.presence));
    }
    return before == column.size && column.entries[count].first == before &&
           column.entries[count].presence == 0;
}

}  // namespace

const char* broken_rule(const ColumnArrays& column, std::size_t segment_rows, std::size_t code_count) {
    if (!(column.unit >= 0.0 && column.unit <= kLargestUnit)) return "the unit of a column is impossible";
    if (!windows_hold(column, segment_rows)) return "the rows of a column are out of order or range";
    if (!codes_hold(column, code_count)) return "a frequency code of a column is out of range";
    if (!counts_hold(column)) return "the counts of impacts of a column do not fit";
    if (std::ranges::find(column.impacts.first(column.size), 0) != column.impacts.begin() + column.size) {
        return "an impact is 0";
    }
    const std::size_t blocks = (segment_rows + kBlockRows - 1) / kBlockRows;
    if (column.shape == ColumnShape::rows) {
        if (!directory_holds(column.directory, segment_rows, column.size)) return "a directory does not fit";
        return nullptr;
    }
    if (!entries_hold(column, segment_rows)) return "the entries of a column do not fit";
    if (column.shape == ColumnShape::blocks &&
        !directory_holds(column.directory, blocks, column.entry_blocks.size())) {
        return "a directory does not fit";
    }
    return nullptr;
}

}  // namespace rocchio::lexical
