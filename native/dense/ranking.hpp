#pragma once
// From rows that may be among the best to the best, by their exact scores.

#include <cstddef>
#include <span>

#include "dense/candidates.hpp"
#include "dense/originals.hpp"

namespace rocchio::dense {

/// Replaces the values of candidates by their exact scores; their order may change.
void score_exactly(ExactScore& score, const Originals& originals, std::span<Candidate> candidates,
                   RowReader& reader);

/// Writes the best k of distinct rows, best first, equal values by row; -1 and minus infinity where there are
/// fewer.
void write_best(std::span<Candidate> candidates, std::size_t k, std::int64_t* rows, float* scores);

}  // namespace rocchio::dense
