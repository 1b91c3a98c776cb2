#include "dense/ranking.hpp"

#include <algorithm>
#include <limits>

namespace rocchio::dense {

void write_best(std::span<Candidate> candidates, std::size_t k, std::int64_t* rows, float* scores) {
    const std::size_t found = std::min(k, candidates.size());
    std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(found),
                      candidates.end(), is_better);
    for (std::size_t i = 0; i < found; ++i) {
        rows[i] = candidates[i].row;
        scores[i] = candidates[i].value;
    }
    std::fill(rows + found, rows + k, std::int64_t{-1});
    std::fill(scores + found, scores + k, -std::numeric_limits<float>::infinity());
}

}  // namespace rocchio::dense
