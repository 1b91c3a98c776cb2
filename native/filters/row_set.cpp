#include "filters/row_set.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

#include "base/bitmap.hpp"

namespace rocchio::filters {

namespace {

// A container's header is its number, then its kind and size in one: 0 for a bitmap, up to kMostItems for a
// list of so many rows, kRuns plus their number for runs.
constexpr std::uint16_t kRuns = 0x8000;
constexpr std::size_t kMostItems = 0x7FFF;

std::uint16_t read16(std::span<const std::uint8_t> bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] | bytes[at + 1] << 8);
}

void write16(std::vector<std::uint8_t>& out, std::size_t value) {
    out.push_back(static_cast<std::uint8_t>(value));
    out.push_back(static_cast<std::uint8_t>(value >> 8));
}

void set_bit(std::span<std::uint8_t> mask, std::uint64_t row) {
    mask[row / 8] = static_cast<std::uint8_t>(mask[row / 8] | 1u << (row % 8));
}

/// Sets the bits [first, last).
void set_bits(std::span<std::uint8_t> mask, std::uint64_t first, std::uint64_t last) {
    for (; first < last && first % 8 != 0; ++first) set_bit(mask, first);
    if (last - first >= 8) std::memset(mask.data() + first / 8, 0xFF, (last - first) / 8);
    for (first += (last - first) / 8 * 8; first < last; ++first) set_bit(mask, first);
}

/// Bytes of a bitmap of the container that begins with row `first`.
std::size_t bitmap_size(std::uint64_t first, std::uint64_t row_count) {
    return bitmap_bytes(static_cast<std::size_t>(std::min(kContainerRows, row_count - first)));
}

std::size_t count_runs(std::span<const std::uint32_t> rows) {
    std::size_t runs = rows.empty() ? 0 : 1;
    for (std::size_t i = 1; i < rows.size(); ++i) runs += rows[i] != rows[i - 1] + 1;
    return runs;
}

void encode_runs(std::span<const std::uint32_t> rows, std::uint64_t first, std::vector<std::uint8_t>& out) {
    for (std::size_t begin = 0, i = 1; i <= rows.size(); ++i) {
        if (i < rows.size() && rows[i] == rows[i - 1] + 1) continue;
        write16(out, rows[begin] - first);
        write16(out, i - begin - 1);
        begin = i;
    }
}

/// `rows` are those of one container, which begins with row `first`.
void encode_container(std::span<const std::uint32_t> rows, std::uint64_t first, std::uint64_t row_count,
                      std::vector<std::uint8_t>& out) {
    const std::size_t runs = count_runs(rows), bitmap = bitmap_size(first, row_count);
    write16(out, first / kContainerRows);
    if (runs <= kMostItems && 4 * runs < std::min(2 * rows.size(), bitmap)) {
        write16(out, kRuns + runs);
        encode_runs(rows, first, out);
    } else if (rows.size() <= kMostItems && 2 * rows.size() <= bitmap) {
        write16(out, rows.size());
        for (const std::uint32_t row : rows) write16(out, row - first);
    } else {
        write16(out, 0);
        const std::size_t begin = out.size();
        out.resize(begin + bitmap);
        for (const std::uint32_t row : rows) set_bit(std::span(out).subspan(begin), row - first);
    }
}

[[noreturn]] void refuse(const char* reason) {
    throw std::invalid_argument(reason);
}

void add_runs(std::span<const std::uint8_t> items, std::uint64_t first, std::uint64_t row_count,
              std::span<std::uint8_t> mask) {
    for (std::size_t at = 0; at < items.size(); at += 4) {
        const std::uint64_t begin = first + read16(items, at), end = begin + read16(items, at + 2) + 1;
        if (end > std::min(row_count, first + kContainerRows))
            refuse("a run of rows ends behind its container");
        set_bits(mask, begin, end);
    }
}

void add_list(std::span<const std::uint8_t> items, std::uint64_t first, std::uint64_t row_count,
              std::span<std::uint8_t> mask) {
    for (std::size_t at = 0; at < items.size(); at += 2) {
        const std::uint64_t row = first + read16(items, at);
        if (row >= row_count) refuse("a row lies behind the last one");
        set_bit(mask, row);
    }
}

void add_bitmap(std::span<const std::uint8_t> items, std::uint64_t first, std::uint64_t row_count,
                std::span<std::uint8_t> mask) {
    const std::uint64_t spare = 8 * (first / 8 + items.size());
    if (spare > row_count && items.back() >> (8 - (spare - row_count)) != 0) {
        refuse("a bitmap of rows goes on behind the last one");
    }
    std::uint8_t* out = mask.data() + first / 8;
    for (std::size_t i = 0; i < items.size(); ++i) out[i] = static_cast<std::uint8_t>(out[i] | items[i]);
}

}  // namespace

EncodedRowSets encode_row_sets(std::span<const std::uint32_t> rows, std::span<const std::uint64_t> ends,
                               std::uint64_t row_count) {
    EncodedRowSets sets;
    sets.offsets.push_back(0);
    std::size_t begin = 0;
    for (const std::uint64_t end : ends) {
        if (end < begin || end > rows.size())
            refuse("expected ends of sets that increase, up to the number of rows");
        while (begin < end) {
            const std::uint64_t first = rows[begin] / kContainerRows * kContainerRows;
            std::size_t last = begin;
            for (; last < end && rows[last] < first + kContainerRows; ++last) {
                if (rows[last] >= row_count || (last > begin && rows[last] <= rows[last - 1])) {
                    refuse("expected rows that increase in each set, below the number of rows");
                }
            }
            encode_container(rows.subspan(begin, last - begin), first, row_count, sets.bytes);
            begin = last;
        }
        sets.offsets.push_back(sets.bytes.size());
    }
    return sets;
}

void add_row_set(std::span<const std::uint8_t> bytes, std::uint64_t row_count, std::span<std::uint8_t> mask) {
    if (mask.size() != bitmap_bytes(row_count)) refuse("expected a mask with a bit for every row");
    while (!bytes.empty()) {
        if (bytes.size() < 4) refuse("a set of rows ends within a container");
        const std::uint64_t first = read16(bytes, 0) * kContainerRows;
        const std::uint16_t kind = read16(bytes, 2);
        if (first >= row_count) refuse("a container lies behind the last row");
        const std::size_t size = kind == 0       ? bitmap_size(first, row_count)
                                 : kind >= kRuns ? std::size_t{4} * (kind - kRuns)
                                                 : std::size_t{2} * kind;
        if (bytes.size() - 4 < size) refuse("a set of rows ends within a container");
        const auto items = bytes.subspan(4, size);
        if (kind == 0) {
            add_bitmap(items, first, row_count, mask);
        } else if (kind >= kRuns) {
            add_runs(items, first, row_count, mask);
        } else {
            add_list(items, first, row_count, mask);
        }
        bytes = bytes.subspan(4 + size);
    }
}

void add_rows(std::span<const std::uint32_t> rows, std::uint64_t row_count, std::span<std::uint8_t> mask) {
    if (mask.size() != bitmap_bytes(row_count)) refuse("expected a mask with a bit for every row");
    for (const std::uint32_t row : rows) {
        if (row >= row_count) refuse("a row lies behind the last one");
        set_bit(mask, row);
    }
}

}  // namespace rocchio::filters
