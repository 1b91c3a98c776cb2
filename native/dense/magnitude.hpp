#pragma once
// Which vectors have numbers that scores can be computed with.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rocchio::dense {

/// Of vectors of `dim` numbers each, which do not have their largest number, without its sign, from `least`
/// to `most`; neither has a vector with what is no number.
std::vector<std::uint32_t> out_of_bounds(std::span<const float> values, std::size_t dim, float least,
                                         float most);

}  // namespace rocchio::dense
