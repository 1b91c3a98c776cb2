#pragma once
// Query weights as 16-bit integers, so that sums of quantised impacts fit 16 bits and bound the true scores.
//
// A posting with impact q of a term with weight w and unit u contributes at most w u q. With the integer
// weight W = ceil(w u scale 256), the sum of floor(q W / 256) over the terms is within `slack` of scale times
// the score.

#include <cstdint>
#include <span>
#include <vector>

#include "lexical/query.hpp"

namespace rocchio::lexical {

/// Which weights a query has. With few positive ones every match has a sum above 0; with any, sums are those
/// of the positive weights less those of the negative ones, and only rows with scores above 0 are told from
/// rows that do not match.
enum class QueryWeights : std::uint8_t { few_positive, any };

class FixedPoint {
  public:
    /// Beyond this many terms, 16 bits do not hold sums above 0 for every match and their error any more.
    static constexpr std::size_t kMostPositive = 128;

    /// Beyond this many terms, rounding takes most of 16 bits.
    static constexpr std::size_t kMostTerms = 4096;

    /// For sums in one segment. The absolute values of the weights must have a finite sum.
    FixedPoint(const SegmentQuery& query, QueryWeights kind)
        : FixedPoint(query, kind, largest_scale(query, kind)) {}

    /// For one query in several segments: their sums are comparable. Weights as above.
    static std::vector<FixedPoint> of_segments(std::span<const SegmentQuery> queries, QueryWeights kind);

    /// Whether the sum of each match is above 0: no term is so light that its postings may count as nothing.
    bool sees_every_match() const;

    /// Of the absolute values.
    std::span<const std::uint16_t> weights() const { return weights_; }

    /// If k rows have sums of at least `kth`, a row with a sum below this is not among the best k; in all
    /// segments of `of_segments`.
    std::uint32_t threshold(std::uint32_t kth) const { return kth > slack_ ? kth - slack_ : 0; }

    /// If k documents have scores of at least `floor`, a row with a sum below this is not among the best k.
    std::uint32_t threshold_of_score(float floor) const;

  private:
    FixedPoint(const SegmentQuery& query, QueryWeights kind, double scale);
    /// With which sums still fit 16 bits; infinity if they are 0 anyway.
    static double largest_scale(const SegmentQuery& query, QueryWeights kind);

    std::vector<std::uint16_t> weights_;
    double scale_ = 0.0;
    double constant_ = 0.0;
    std::uint32_t above_ = 0;  // sums exceed scaled scores by this at most
    std::uint32_t below_ = 0;  // scaled scores exceed sums by this at most
    std::uint32_t slack_ = 0;  // scaled scores differ by this at most where sums are equal
};

}  // namespace rocchio::lexical
