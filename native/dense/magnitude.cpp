#include "dense/magnitude.hpp"

#include <bit>

namespace rocchio::dense {

std::vector<std::uint32_t> out_of_bounds(std::span<const float> values, std::size_t dim, float least,
                                         float most) {
    const auto low = std::bit_cast<std::uint32_t>(least), high = std::bit_cast<std::uint32_t>(most);
    std::vector<std::uint32_t> found;
    for (std::size_t first = 0; first + dim <= values.size(); first += dim) {
        const std::uint32_t largest = largest_bits(values.subspan(first, dim));
        if (largest < low || largest > high) found.push_back(static_cast<std::uint32_t>(first / dim));
    }
    return found;
}

}  // namespace rocchio::dense
