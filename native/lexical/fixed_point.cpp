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

FixedPoint::FixedPoint(const SegmentQuery& query, QueryWeights kind) : constant_(query.constant) {
    double positive = 0.0;
    double negative = 0.0;
    for (const QueryTerm& term : query.terms) {
        const double most = std::abs(term.weight) * term.column->unit() * kLargestImpact;
        (term.weight < 0.0 ? negative : positive) += most;
    }
    const double least = kind == QueryWeights::few_positive ? kLeastWeight : 0.0;
    // one impact of the largest sum must not exceed the largest weight
    const double room =
        kLargestSum - kLeastWeight - 1.0 - (least + 2.0) * static_cast<double>(query.terms.size());
    const double most = std::max(positive, negative);
    scale_ = most > 0.0 ? room / most : 0.0;
    double above = 0.0;
    double below = 0.0;
    for (const QueryTerm& term : query.terms) {
        const double exact = std::abs(term.weight) * term.column->unit() * scale_ * 256.0;
        const double weight = std::clamp(std::ceil(exact), least, kLargestSum);
        weights_.push_back(static_cast<std::uint16_t>(weight));
        // a posting counts for up to one step of the impact and the rounding of W too much, and 1 too little
        const double too_much = weight / 256.0 + kLargestImpact * (weight - exact) / 256.0 + 1.0;
        above += term.weight < 0.0 ? 1.0 : too_much;
        below += term.weight < 0.0 ? too_much : 1.0;
    }
    below += kRounding * (kLargestSum + std::abs(constant_) * scale_) + kLeastFloats * scale_ + 1.0;
    below_ = static_cast<std::uint32_t>(std::min(below, kLargestSum + 1.0));
    slack_ = static_cast<std::uint32_t>(std::min(above + below, kLargestSum + 1.0));
}

std::uint32_t FixedPoint::threshold_of_score(float floor) const {
    if (std::isinf(floor)) return 0;
    const double least = static_cast<double>(floor) - std::abs(static_cast<double>(floor)) * 1e-6;
    const auto sum = static_cast<std::uint32_t>(std::clamp((least - constant_) * scale_, 0.0, kLargestSum));
    return sum > below_ ? sum - below_ : 0;
}

}  // namespace rocchio::lexical
