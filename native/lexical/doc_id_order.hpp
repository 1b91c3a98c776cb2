#pragma once
// The order of documents by doc_id, in a segment and over the segments of a snapshot, for ties between
// scores.

#include <atomic>
#include <cstddef>
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
/// double. Safe for many threads.
class DocIdOrder {
  public:
    /// `segments` must outlive this.
    explicit DocIdOrder(std::span<const std::shared_ptr<const Segment>> segments);

    /// By row of a segment: its place in the order of that segment.
    std::span<const std::uint32_t> in_segment(std::size_t number) const;

    /// Puts hits in order, smallest doc_id first; what comes after the first `wanted` may stay in any order.
    void sort(std::span<Scored> hits, std::size_t wanted) const;

  private:
    struct InSegment {
        std::once_flag once;
        std::vector<std::uint32_t> ranks;
    };

    void sort_by_strings(std::span<Scored> hits, std::size_t wanted) const;
    void put_in_order() const;

    std::span<const std::shared_ptr<const Segment>> segments_;
    std::vector<std::size_t> starts_;  // by segment: rows of the segments before it
    std::unique_ptr<InSegment[]> in_segment_;
    mutable std::atomic<std::uint64_t> compared_ = 0;
    mutable std::once_flag once_;
    mutable std::atomic<bool> is_known_ = false;
    mutable std::vector<std::uint32_t> ranks_;  // by row of all segments
};

}  // namespace rocchio::lexical
