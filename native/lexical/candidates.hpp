#pragma once
// Rows of all segments that may still belong to the best k, by the integer bounds of their scores.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lexical/fixed_point.hpp"

namespace rocchio::lexical {

struct Candidate {
    std::uint32_t row;
    std::uint16_t sum;
};

/// The k-th largest of sums that are added, by their upper bits. It only rises, so each bucket is left behind
/// once.
class KthSum {
  public:
    void start(std::size_t k) {
        k_ = k;
        bucket_ = 0;
        reaching_ = 0;
        counts_.fill(0);
    }
    void add(std::uint16_t sum) { count(sum, 1); }
    void remove(std::uint16_t sum) { count(sum, ~std::uint32_t{0}); }

    /// A sum that k of those added reached, removed ones included; 0 if there were fewer.
    std::uint32_t reached() {
        while (reaching_ - counts_[bucket_] >= k_) reaching_ -= counts_[bucket_++];
        return static_cast<std::uint32_t>(bucket_ << kShift);
    }

  private:
    void count(std::uint16_t sum, std::uint32_t change) {
        const std::size_t bucket = sum >> kShift;
        counts_[bucket] += change;
        reaching_ += bucket >= bucket_ ? change : 0;
    }

    static constexpr unsigned kShift = 6;

    std::size_t k_ = 1;
    std::size_t bucket_ = 0;
    std::uint32_t reaching_ = 0;  // sums in this bucket and above
    std::array<std::uint32_t, (1u << 16 >> kShift)> counts_{};
};

class CandidateSet {
  public:
    /// Starts anew for a query. Sums of all segments must be comparable by `fixed`.
    void start(std::size_t k, const FixedPoint& fixed);

    /// The rows that follow are of the next segment, the first one at first. `threshold` is a sum that every
    /// row of the best k is known to reach.
    void begin_segment(std::uint32_t threshold);

    /// Forgets the rows of this segment, but not what they taught about the threshold.
    void forget_segment();

    /// Whether there are k rows.
    bool are_enough() const { return rows_.size() >= k_; }

    /// Rows with sums above this are candidates.
    std::uint16_t cut() const { return cut_; }

    void add(std::uint32_t row, std::uint16_t sum) {
        rows_.push_back({row, sum});
        kth_.add(sum);
    }

    /// Raises the cut to what the rows so far allow; cheap.
    void raise_cut();

    /// Lets go of the rows that cannot be among the best k, now that all were added.
    void finish();

    /// The rows of a segment.
    std::span<const Candidate> of_segment(std::size_t number) const {
        return std::span(rows_).subspan(starts_[number], starts_[number + 1] - starts_[number]);
    }

    /// A sum that every row of the best k is known to reach.
    std::uint32_t threshold() const { return threshold_; }

  private:
    void set_threshold(std::uint32_t threshold);

    std::size_t k_ = 0;
    const FixedPoint* fixed_ = nullptr;
    std::uint32_t threshold_ = 0;
    std::uint16_t cut_ = 0;
    KthSum kth_;  // of the rows
    std::vector<Candidate> rows_;
    std::vector<std::size_t> starts_;  // of each segment among the rows; when finished, the end as well
};

/// The largest bucket b such that at least `count` items lie in buckets from b on; 0 if there are fewer.
std::size_t bucket_of_kth(std::span<const std::uint32_t> histogram, std::size_t count);

}  // namespace rocchio::lexical
