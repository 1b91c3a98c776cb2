#include "lexical/candidates.hpp"

#include <algorithm>

namespace rocchio::lexical {

std::size_t bucket_of_kth(std::span<const std::uint32_t> histogram, std::size_t count) {
    std::size_t above = 0;
    for (std::size_t bucket = histogram.size(); bucket-- > 0;) {
        above += histogram[bucket];
        if (above >= count) return bucket;
    }
    return 0;
}

std::uint32_t SumHistogram::reached_by(std::size_t count) const {
    return static_cast<std::uint32_t>(bucket_of_kth(counts_, count) << kShift);
}

void CandidateSet::start(std::size_t k, const FixedPoint& fixed, std::uint32_t threshold) {
    k_ = k;
    fixed_ = &fixed;
    threshold_ = 0;
    cut_ = 0;
    forget_rows();
    set_threshold(threshold);
}

void CandidateSet::forget_rows() {
    rows_.clear();
    histogram_.clear();
}

void CandidateSet::set_threshold(std::uint32_t threshold) {
    threshold_ = std::max(threshold_, threshold);
    cut_ = static_cast<std::uint16_t>(std::clamp<std::uint32_t>(threshold_, 1, 65536) - 1);
}

void CandidateSet::raise_cut() {
    if (rows_.size() < k_) return;
    set_threshold(fixed_->threshold(histogram_.reached_by(k_)));
}

std::span<const Candidate> CandidateSet::finish() {
    raise_cut();
    std::erase_if(rows_, [&](const Candidate& c) { return c.sum < threshold_; });
    return rows_;
}

}  // namespace rocchio::lexical
