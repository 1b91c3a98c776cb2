#pragma once
// The order of documents by doc_id over the segments of a snapshot, for ties between scores.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "lexical/query.hpp"
#include "lexical/segment.hpp"

namespace rocchio::lexical {

/// Each segment knows the order of its own rows. Between segments strings are compared at first. When that
/// was done as often as there are rows, all rows are put in order for good, which takes about as long again:
/// so a snapshot that is searched once does not pay for an order, and one that is searched often pays at most
/// double.
class DocIdOrder {
  public:
    /// `segments` must outlive this.
    explicit DocIdOrder(std::span<const std::shared_ptr<const Segment>> segments);

    /// Whether a's doc_id is smaller; a and b are of different segments. Safe for many threads.
    bool precedes(const Scored& a, const Scored& b) const {
        if (!is_known_.load(std::memory_order_acquire)) return compare(a, b);
        return ranks_[starts_[a.segment] + a.row] < ranks_[starts_[b.segment] + b.row];
    }

  private:
    bool compare(const Scored& a, const Scored& b) const;
    void put_in_order() const;

    std::span<const std::shared_ptr<const Segment>> segments_;
    std::vector<std::size_t> starts_;  // by segment: rows of the segments before it
    mutable std::atomic<std::uint64_t> compared_ = 0;
    mutable std::once_flag once_;
    mutable std::atomic<bool> is_known_ = false;
    mutable std::vector<std::uint32_t> ranks_;  // by row of all segments
};

}  // namespace rocchio::lexical
