// Any bytes as a set of rows: refused, or a mask of rows below the last, which encoding again gives back. Any
// ranks, with any zones, give a mask of rows that have a value.

#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "base/bitmap.hpp"
#include "filters/rank_range.hpp"
#include "filters/row_set.hpp"
#include "fuzz/input.hpp"

namespace {

using namespace rocchio;
using namespace rocchio::filters;

void require(bool holds) {
    if (!holds) std::abort();
}

bool has_spare_bits(const std::vector<std::uint8_t>& mask, std::size_t row_count) {
    return row_count % 8 != 0 && mask.back() >> row_count % 8 != 0;
}

void row_set(std::span<const std::uint8_t> bytes, std::size_t row_count) {
    std::vector<std::uint8_t> mask(bitmap_bytes(row_count)), again(mask.size());
    try {
        add_row_set(bytes, row_count, mask);
    } catch (const std::invalid_argument&) {
        return;
    }
    require(!has_spare_bits(mask, row_count));
    std::vector<std::uint32_t> rows;
    for (std::size_t row = 0; row < row_count; ++row)
        if (bit_is_set(mask, row)) rows.push_back(static_cast<std::uint32_t>(row));
    require(rows.size() == count_bits(mask));
    const std::uint64_t end = rows.size();
    add_row_set(encode_row_sets(rows, {&end, 1}, row_count).bytes, row_count, again);
    require(mask == again);
}

void ranks(std::span<const std::uint8_t> bytes, fuzz::Input& input) {
    const auto first = static_cast<std::uint32_t>(input.take(1)),
               last = static_cast<std::uint32_t>(input.take(1));
    const std::size_t blocks = (bytes.size() + kZoneRows - 1) / kZoneRows;
    const std::vector<std::uint32_t> lows(blocks, static_cast<std::uint32_t>(input.take(1)));
    const std::vector<std::uint32_t> highs(blocks, static_cast<std::uint32_t>(input.take(1)));
    std::vector<std::uint8_t> present(bitmap_bytes(bytes.size())), mask(present.size());
    for (std::size_t row = 0; row < bytes.size(); ++row)
        present[row / 8] = static_cast<std::uint8_t>(present[row / 8] | (bytes[row] != 0xFF) << row % 8);
    add_rank_range<std::uint8_t>({bytes, lows, highs, present}, first, last, mask);
    for (std::size_t i = 0; i < mask.size(); ++i) require((mask[i] & ~present[i]) == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input{data, size};
    const std::size_t row_count = input.take(3) % 200'000 + 1;
    row_set({input.data, input.left}, row_count);
    if (input.left > 4) ranks({data, size}, input);
    return 0;
}
