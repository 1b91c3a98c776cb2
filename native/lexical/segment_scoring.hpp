#pragma once
// What one scoring makes of one segment, apart from its terms: computed once.

#include <cstdint>
#include <span>
#include <vector>

#include "lexical/column.hpp"
#include "lexical/scoring.hpp"
#include "lexical/segment.hpp"

namespace rocchio::lexical {

/// Term frequency over all fields, each weighed by its boost.
double boosted_sum(std::span<const std::uint32_t> frequencies, std::span<const double> field_weights);

class SegmentScoring {
  public:
    /// `scoring` must outlive this.
    SegmentScoring(const Segment& segment, const Scoring& scoring, std::span<const double> field_weights);

    ColumnScoring for_columns() const { return {scoring_, tf_by_code_, norms_}; }

  private:
    const Scoring& scoring_;
    std::vector<double> tf_by_code_;
    std::vector<double> norms_;
};

}  // namespace rocchio::lexical
