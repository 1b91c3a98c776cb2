#include "lexical/fixed_point.hpp"

#include <algorithm>
#include <cmath>

namespace rocchio::lexical {
namespace {

constexpr double kLargestImpact = 255.0;
constexpr double kLargestSum = 65535.0;

// The least integer weight: with it, each posting adds at least 1, so every match has a sum above 0.
constexpr double kLeastWeight = 256.0;

// Scores are float32 roundings of sum + constant: two units in the last place (2^-23 each, and 2^-149 near
// zero) cover the ties that this makes.
constexpr double kRounding = 2.5e-7;
constexpr double kLeastFloats = 3e-45;

}  // namespace

FixedPoint::FixedPoint(const SegmentQuery& query) : constant_(query.constant) {
    double most = 0.0;
    for (const QueryTerm& term : query.terms) most += term.weight * term.column->unit() * kLargestImpact;
    const double room = kLargestSum - (kLeastWeight + 1.0) * static_cast<double>(query.terms.size());
    scale_ = most > 0.0 ? room / most : 0.0;
    double slack = 0.0;
    for (const QueryTerm& term : query.terms) {
        const double exact = term.weight * term.column->unit() * scale_ * 256.0;
        const double weight = std::clamp(std::ceil(exact), kLeastWeight, kLargestSum);
        weights_.push_back(static_cast<std::uint16_t>(weight));
        // the sum may be above the score by one step of the impact and the rounding of W, and below it by 1
        slack += weight / 256.0 + kLargestImpact * (weight - exact) / 256.0 + 2.0;
    }
    slack += kRounding * (kLargestSum + constant_ * scale_) + kLeastFloats * scale_ + 1.0;
    slack_ = static_cast<std::uint32_t>(std::min(slack, kLargestSum + 1.0));
}

std::uint32_t FixedPoint::threshold_of_score(float floor) const {
    const double sum = (static_cast<double>(floor) * (1.0 - 1e-6) - constant_) * scale_;
    return threshold(static_cast<std::uint32_t>(std::clamp(sum, 0.0, kLargestSum)));
}

}  // namespace rocchio::lexical
