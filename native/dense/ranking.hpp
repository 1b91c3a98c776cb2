#pragma once
// From rows that may be among the best to the best, by their exact scores.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dense/candidates.hpp"
#include "dense/originals.hpp"

namespace rocchio::dense {

/// Scores candidates from the originals, row by row: each is read once, in the order of the file, for all
/// queries that want it.
class ExactScoring {
  public:
    ExactScoring(Metric metric, const Originals& originals)
        : metric_(metric), originals_(originals), buffer_(originals.dim()) {}

    /// Replaces the values of candidates, from the `first` on, by their exact scores. Those of query i, dim
    /// values of `queries`, end at candidates[ends[i]], where those of the next one begin.
    void score(const float* queries, std::span<Candidate> candidates, std::size_t first,
               std::span<const std::size_t> ends);

  private:
    struct Wanted {
        std::uint32_t row, query, candidate;
    };
    void score_mapped(std::span<Candidate> candidates);
    std::size_t ask_for(std::size_t first, std::size_t last) const;
    void score_read(std::span<Candidate> candidates);
    std::size_t score_row(std::size_t first, const float* values, std::span<Candidate> candidates);

    Metric metric_;
    const Originals& originals_;
    std::vector<float> buffer_;
    std::vector<ExactScore> scores_;  // by query
    std::vector<Wanted> wanted_, spare_;
    RowReader reader_;
};

/// Writes the best k of distinct rows, best first, equal values by row; -1 and minus infinity where there are
/// fewer.
void write_best(std::span<Candidate> candidates, std::size_t k, std::int64_t* rows, float* scores);

}  // namespace rocchio::dense
