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

void CandidateSet::start(std::size_t k, const FixedPoint& fixed) {
    k_ = k;
    fixed_ = &fixed;
    threshold_ = 0;
    cut_ = 0;
    rows_.clear();
    starts_.clear();
    kth_.start(k);
}

void CandidateSet::begin_segment(std::uint32_t threshold) {
    starts_.push_back(rows_.size());
    set_threshold(threshold);
}

void CandidateSet::forget_segment() {
    for (std::size_t i = starts_.back(); i < rows_.size(); ++i) kth_.remove(rows_[i].sum);
    rows_.resize(starts_.back());
}

void CandidateSet::set_threshold(std::uint32_t threshold) {
    threshold_ = std::max(threshold_, threshold);
    cut_ = static_cast<std::uint16_t>(std::clamp<std::uint32_t>(threshold_, 1, 65536) - 1);
}

void CandidateSet::raise_cut() {
    if (!are_enough()) return;
    set_threshold(fixed_->threshold(kth_.reached()));
}

void CandidateSet::finish() {
    raise_cut();
    starts_.push_back(rows_.size());
    std::size_t kept = 0;
    std::size_t begin = 0;
    for (std::size_t segment = 0; segment + 1 < starts_.size(); ++segment) {
        const std::size_t end = starts_[segment + 1];
        for (std::size_t i = begin; i < end; ++i) {  // without a branch, which would be mispredicted
            rows_[kept] = rows_[i];
            kept += rows_[i].sum >= threshold_ ? 1 : 0;
        }
        begin = end;
        starts_[segment + 1] = kept;
    }
    rows_.resize(kept);
}

}  // namespace rocchio::lexical
