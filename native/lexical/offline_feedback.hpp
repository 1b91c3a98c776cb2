#pragma once
// Offline feedback (Wen et al., "Offline Pseudo Relevance Feedback for Efficient and Effective Single-pass
// Dense Retrieval", SIGIR 2023): the lists of the pseudo-queries that a query resembles, added up, each as
// much as its pseudo-query's score says.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lexical/query.hpp"
#include "lexical/searcher.hpp"
#include "lexical/segment.hpp"
#include "lexical/stored_lists.hpp"

namespace rocchio::lexical {

/// The pseudo-queries of a batch, best first: query i has those at [offsets[i], offsets[i + 1]), `lists` with
/// `scores`.
struct SimilarQueries {
    std::span<const std::uint64_t> offsets;
    std::span<const std::uint32_t> lists;
    std::span<const float> scores;
};

class OfflineFeedback {
  public:
    /// `segments` are those that the lists number the documents of, in this order; answers name them by
    /// `numbers`.
    OfflineFeedback(std::shared_ptr<const StoredLists> lists,
                    std::vector<std::shared_ptr<const Segment>> segments, std::vector<std::uint32_t> numbers);

    const StoredLists& lists() const { return *lists_; }
    std::size_t segment_count() const { return segments_.size(); }
    std::uint32_t row_count(std::size_t segment) const { return segments_[segment]->row_count(); }

    /// The best k live documents of each query: the sum of weight * code / 255 over its lists, weights the
    /// softmax of the scores. Score descending, then doc_id ascending. `allowed` has a bitmap for each of the
    /// segments, or none. Deterministic; safe for many threads. Throws Corruption.
    BatchResult combine(const SimilarQueries& queries, std::size_t k,
                        std::span<const AllowedRows> allowed) const;

  private:
    class Sums;
    void keep_best(const Sums& sums, std::size_t k, std::span<const AllowedRows> allowed,
                   std::vector<Scored>& hits) const;

    std::shared_ptr<const StoredLists> lists_;
    std::vector<std::shared_ptr<const Segment>> segments_;
    std::vector<std::uint32_t> numbers_;
    std::vector<std::uint32_t> ends_;  // by segment: the number after that of its last document
};

}  // namespace rocchio::lexical
