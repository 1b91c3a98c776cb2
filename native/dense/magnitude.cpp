#include "dense/magnitude.hpp"

#include <algorithm>
#include <bit>

namespace rocchio::dense {

std::vector<std::uint32_t> out_of_bounds(std::span<const float> values, std::size_t dim, float least,
                                         float most) {
    // without their sign, floats are in the order of their bits, after them infinity and what is no number
    const auto low = std::bit_cast<std::uint32_t>(least), high = std::bit_cast<std::uint32_t>(most);
    std::vector<std::uint32_t> found;
    for (std::size_t first = 0; first + dim <= values.size(); first += dim) {
        std::uint32_t largest = 0;
        for (const float value : values.subspan(first, dim))
            largest = std::max(largest, std::bit_cast<std::uint32_t>(value) & 0x7FFFFFFFu);
        if (largest < low || largest > high) found.push_back(static_cast<std::uint32_t>(first / dim));
    }
    return found;
}

}  // namespace rocchio::dense
