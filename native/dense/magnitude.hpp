#pragma once
// How large the numbers of vectors are, without their signs.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rocchio::dense {

/// The largest number, without its sign, as its bits: they are in the order of such numbers, after these come
/// infinity and what is no number.
inline std::uint32_t largest_bits(std::span<const float> values) {
    std::uint32_t largest = 0;
    for (const float value : values)
        largest = std::max(largest, std::bit_cast<std::uint32_t>(value) & 0x7FFFFFFFu);
    return largest;
}

/// Of vectors of `dim` numbers each, which do not have their largest number, without its sign, from `least`
/// to `most`; neither has a vector with what is no number.
std::vector<std::uint32_t> out_of_bounds(std::span<const float> values, std::size_t dim, float least,
                                         float most);

}  // namespace rocchio::dense
