#pragma once
// The best of many estimates, most of which are turned away by one comparison.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace rocchio::dense {

struct Candidate {
    float value;
    std::uint32_t row;
};

/// Larger values first, then smaller rows.
inline bool is_better(const Candidate& a, const Candidate& b) {
    return a.value != b.value ? a.value > b.value : a.row < b.row;
}

/// A candidate as one number, larger for a better one.
class CandidateKey {
  public:
    CandidateKey() = default;
    explicit CandidateKey(Candidate candidate) {
        // the bits of floats are in order once negative ones are turned over
        const auto bits = std::bit_cast<std::uint32_t>(candidate.value);
        const std::uint32_t ordered = (bits & kSign) != 0 ? ~bits : bits | kSign;
        key_ = std::uint64_t{ordered} << 32 | static_cast<std::uint32_t>(~candidate.row);
    }

    std::uint32_t row() const { return ~static_cast<std::uint32_t>(key_); }
    float value() const {
        const auto ordered = static_cast<std::uint32_t>(key_ >> 32);
        return std::bit_cast<float>((ordered & kSign) != 0 ? ordered & ~kSign : ~ordered);
    }
    bool is_better_than(CandidateKey other) const { return key_ > other.key_; }
    /// Smaller for better ones.
    std::uint64_t place() const { return ~key_; }

  private:
    static constexpr std::uint32_t kSign = 0x80000000u;
    std::uint64_t key_;
};

/// Brings the best `keep` of keys to the front (Hoare's quickselect). `keep` is positive and less than their
/// number.
inline void select_best(std::span<CandidateKey> keys, std::size_t keep) {
    while (keys.size() > 1) {
        // the median of three is the pivot, and moves to the end
        CandidateKey& middle = keys[keys.size() / 2];
        if (middle.is_better_than(keys.front())) std::swap(middle, keys.front());
        if (keys.back().is_better_than(keys.front())) std::swap(keys.back(), keys.front());
        if (middle.is_better_than(keys.back())) std::swap(middle, keys.back());
        const CandidateKey pivot = keys.back();
        // no branch in this loop: which side a key falls on cannot be foreseen
        std::size_t better = 0;
        for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
            const CandidateKey key = keys[i];
            keys[i] = keys[better];
            keys[better] = key;
            better += static_cast<std::size_t>(key.is_better_than(pivot));
        }
        std::swap(keys[better], keys.back());
        if (better == keep || better + 1 == keep) return;
        if (better > keep) {
            keys = keys.first(better);
        } else {
            keys = keys.subspan(better + 1);
            keep -= better + 1;
        }
    }
}

/// The best `keep` of what is added, whatever the order. Values under the threshold need not be added.
class Candidates {
  public:
    void reset(std::size_t keep) {
        keep_ = std::max<std::size_t>(keep, 1);
        threshold_ = -std::numeric_limits<float>::infinity();
        found_.clear();
        found_.reserve(room());
    }

    /// What is less than this is not among the best.
    float threshold() const { return threshold_; }

    void add(Candidate candidate) {
        found_.emplace_back(candidate);
        if (found_.size() >= room()) shrink();
    }

    /// The best `keep`, in no order.
    std::span<const CandidateKey> best() {
        if (found_.size() > keep_) shrink();
        return found_;
    }

  private:
    std::size_t room() const { return 3 * keep_ + 16; }

    void shrink() {
        select_best(found_, keep_);
        found_.resize(keep_);
        CandidateKey worst = found_.front();
        for (const CandidateKey key : found_) worst = worst.is_better_than(key) ? key : worst;
        threshold_ = worst.value();
    }

    std::size_t keep_ = 1;
    float threshold_ = 0.0f;
    std::vector<CandidateKey> found_;
};

}  // namespace rocchio::dense
