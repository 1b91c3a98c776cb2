#pragma once
// From rows that may be among the best to the best, by their exact scores.

#include <cstddef>
#include <span>

#include "dense/candidates.hpp"
#include "dense/originals.hpp"

namespace rocchio::dense {

/// Replaces the values of candidates by their exact scores.
inline void score_exactly(ExactScore& score, const Originals& originals, std::span<Candidate> candidates) {
    constexpr std::size_t kAhead = 4;
    for (std::size_t i = 0; i < kAhead && i < candidates.size(); ++i) originals.fetch(candidates[i].row);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (i + kAhead < candidates.size()) originals.fetch(candidates[i + kAhead].row);
        candidates[i].value = score(candidates[i].row);
    }
}

/// Writes the best k of distinct rows, best first, equal values by row; -1 and minus infinity where there are
/// fewer.
void write_best(std::span<Candidate> candidates, std::size_t k, std::int64_t* rows, float* scores);

}  // namespace rocchio::dense
