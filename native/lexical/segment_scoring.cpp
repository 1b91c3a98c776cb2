#include "lexical/segment_scoring.hpp"

namespace rocchio::lexical {

double boosted_sum(std::span<const std::uint32_t> frequencies, std::span<const double> field_weights) {
    double sum = 0.0;
    for (std::size_t f = 0; f < field_weights.size(); ++f) sum += field_weights[f] * frequencies[f];
    return sum;
}

SegmentScoring::SegmentScoring(const Segment& segment, const Scoring& scoring,
                               std::span<const double> field_weights)
    : scoring_(scoring), norms_(segment.row_count(), 0.0) {
    for (std::uint32_t code = 0; code < segment.code_count(); ++code) {
        tf_by_code_.push_back(boosted_sum(segment.frequencies(code), field_weights));
    }
    for (std::uint32_t f = 0; f < field_weights.size(); ++f) {
        const auto stored = segment.lengths(f);
        for (std::size_t row = 0; row < norms_.size(); ++row) norms_[row] += field_weights[f] * stored[row];
    }
    for (double& length : norms_) length = scoring_.length_norm(length);
}

}  // namespace rocchio::lexical
