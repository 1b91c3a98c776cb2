#pragma once
// The best k of a segment's hits in their final order.

#include <cstdint>
#include <span>
#include <vector>

#include "lexical/query.hpp"

namespace rocchio::lexical {

/// Keeps the k best hits of one segment: score descending, then rank ascending. `ranks` by row.
void keep_best_of_segment(std::vector<Scored>& hits, std::size_t k, std::span<const std::uint32_t> ranks);

}  // namespace rocchio::lexical
