#include "lexical/fixed_point.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

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

double least_weight(QueryWeights kind) {
    return kind == QueryWeights::few_positive ? kLeastWeight : 0.0;
}

std::uint32_t as_sum(double error) {
    return static_cast<std::uint32_t>(std::min(error, kLargestSum + 1.0));
}

}  // namespace

double FixedPoint::largest_scale(const SegmentQuery& query, QueryWeights kind) {
    double positive = 0.0;
    double negative = 0.0;
    for (const QueryTerm& term : query.terms) {
        const double most = std::abs(term.weight) * term.column->unit() * kLargestImpact;
        (term.weight < 0.0 ? negative : positive) += most;
    }
    // one impact of the largest sum must not exceed the largest weight
    const double room = kLargestSum - kLeastWeight - 1.0 -
                        (least_weight(kind) + 2.0) * static_cast<double>(query.terms.size());
    const double most = std::max(positive, negative);
    return most > 0.0 ? room / most : std::numeric_limits<double>::infinity();
}

FixedPoint::FixedPoint(const SegmentQuery& query, QueryWeights kind, double scale)
    : scale_(std::isinf(scale) ? 0.0 : scale), constant_(query.constant) {
    double above = 0.0;
    double below = 0.0;
    for (const QueryTerm& term : query.terms) {
        const double exact = std::abs(term.weight) * term.column->unit() * scale_ * 256.0;
        const double weight = std::clamp(std::ceil(exact), least_weight(kind), kLargestSum);
        weights_.push_back(static_cast<std::uint16_t>(weight));
        // a posting counts for up to one step of the impact and the rounding of W too much, and 1 too little
        const double too_much = weight / 256.0 + kLargestImpact * (weight - exact) / 256.0 + 1.0;
        above += term.weight < 0.0 ? 1.0 : too_much;
        below += term.weight < 0.0 ? too_much : 1.0;
    }
    below += kRounding * (kLargestSum + std::abs(constant_) * scale_) + kLeastFloats * scale_ + 1.0;
    above_ = as_sum(above);
    below_ = as_sum(below);
    slack_ = as_sum(above + below);
}

std::vector<FixedPoint> FixedPoint::of_segments(std::span<const SegmentQuery> queries, QueryWeights kind) {
    double scale = std::numeric_limits<double>::infinity();
    for (const SegmentQuery& query : queries) scale = std::min(scale, largest_scale(query, kind));
    std::vector<FixedPoint> all;
    all.reserve(queries.size());
    for (const SegmentQuery& query : queries) all.push_back(FixedPoint(query, kind, scale));
    const auto most_above = std::ranges::max(all, {}, &FixedPoint::above_).above_;
    const auto most_below = std::ranges::max(all, {}, &FixedPoint::below_).below_;
    for (FixedPoint& each : all) each.slack_ = as_sum(static_cast<double>(most_above) + most_below + 1.0);
    return all;
}

bool FixedPoint::sees_every_match() const {
    return std::ranges::all_of(weights_, [](std::uint16_t weight) { return weight >= kLeastWeight; });
}

std::uint32_t FixedPoint::threshold_of_score(float floor) const {
    if (std::isinf(floor)) return 0;
    const double least = static_cast<double>(floor) - std::abs(static_cast<double>(floor)) * 1e-6;
    const auto sum = static_cast<std::uint32_t>(std::clamp((least - constant_) * scale_, 0.0, kLargestSum));
    return sum > below_ ? sum - below_ : 0;
}

}  // namespace rocchio::lexical
