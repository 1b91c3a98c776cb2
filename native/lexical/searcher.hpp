#pragma once
// Exact top-k over the segments of one snapshot with one scoring: what a batch of queries is run against.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "lexical/doc_id_order.hpp"
#include "lexical/feedback_terms.hpp"
#include "lexical/frequent_terms.hpp"
#include "lexical/frozen.hpp"
#include "lexical/kernels.hpp"
#include "lexical/scoring.hpp"
#include "lexical/segment.hpp"
#include "lexical/segment_scoring.hpp"
#include "lexical/term_cache.hpp"

namespace rocchio::lexical {

/// Queries of a batch: query i has terms [offsets[i], offsets[i+1]); `terms` index the batch's distinct
/// terms.
struct QueryBatch {
    std::span<const std::uint64_t> offsets;
    std::span<const std::uint32_t> terms;
    std::span<const double> weights;
};

/// Results of a batch, best first: query i has hits [offsets[i], offsets[i+1]).
struct BatchResult {
    std::vector<std::uint64_t> offsets{0};
    std::vector<Scored> hits;
};

/// What all queries of a batch share.
struct SharedBatch {
    QueryBatch queries;
    std::vector<std::shared_ptr<const Term>> terms;
    std::vector<std::vector<std::uint8_t>> masks;  // by segment: rows that are allowed and live
    std::size_t k;
    Kernel kernel;
    double alpha;
};

class RelevanceModels;

class Searcher {
  public:
    /// `field_weights` are the boosts by field (0 leaves a field out); `documents` and `total_lengths`
    /// (tokens by field) count live documents only. scoring.average_length is computed here. Columns take
    /// about `memory_bytes` at most; what one batch needs is kept while it runs. `frozen` has columns by
    /// segment, or none: those made for this scoring are used as long as they are sound.
    Searcher(std::vector<std::shared_ptr<const Segment>> segments, Scoring scoring,
             std::vector<double> field_weights, std::uint64_t documents,
             std::span<const std::uint64_t> total_lengths, std::size_t memory_bytes = std::size_t{1} << 30,
             std::vector<std::shared_ptr<const FrozenColumns>> frozen = {});

    /// Top k of each query, score descending, then doc_id ascending (bytewise). `allowed` has one bitmap per
    /// segment, or none. Deterministic; safe for many threads. Exact with `alpha` 1; below, down to but not
    /// including 0, the pruned kernel also skips blocks whose bound times alpha rules them out.
    BatchResult search(std::span<const std::string_view> distinct_terms, const QueryBatch& batch,
                       std::size_t k, std::span<const AllowedRows> allowed, Kernel kernel,
                       double alpha = 1.0) const;

    /// The same in parts, for threads: what all queries of a batch share is made ready by `threads`, then
    /// queries [first, last) are searched.
    SharedBatch share(std::span<const std::string_view> distinct_terms, const QueryBatch& batch,
                      std::size_t k, std::span<const AllowedRows> allowed, Kernel kernel, double alpha,
                      std::size_t threads) const;
    BatchResult search(const SharedBatch& batch, std::size_t first, std::size_t last) const;

    /// The accepted terms of documents, which must be rows of the segments.
    FeedbackTerms feedback_terms(const FeedbackDocuments& documents, const TermFilter& filter) const;
    /// The heaviest terms of the relevance models of documents, which must be rows of the segments; `scores`
    /// by document.
    WeightedTerms relevance_models(const FeedbackDocuments& documents, std::span<const double> scores,
                                   const TermFilter& filter, const RelevanceModel& model) const;
    /// The terms that more than `most_documents` live documents have; null where they are many, or where
    /// finding them takes reading their lists. Kept for the next call.
    std::shared_ptr<const FrequentTerms> frequent_terms(std::uint64_t most_documents) const;
    /// How often a term stands in the live documents, fields weighed by their boosts. Reads its list.
    double collection_frequency(std::string_view term) const;
    /// Live documents with term `id` of segment `from`, whose bytes are `term`, without making columns if
    /// that is possible.
    std::uint64_t feedback_frequency(const Segment& from, std::uint32_t id, std::string_view term) const;
    /// By code: boosted frequency.
    std::span<const double> frequencies(std::size_t segment) const {
        return prepared(segment).for_columns().tf_by_code;
    }

    const Segment& segment(std::size_t index) const { return *segments_[index]; }
    const Scoring& scoring() const { return scoring_; }
    std::size_t segment_count() const { return segments_.size(); }
    std::uint32_t row_count(std::size_t segment) const { return segments_[segment]->row_count(); }
    std::uint64_t document_frequency(std::string_view term) const;
    std::string_view doc_id(std::size_t segment, std::uint32_t row) const {
        return segments_[segment]->doc_id(row);
    }
    /// By row: its place in the order of doc_ids.
    std::span<const std::uint32_t> doc_id_ranks(std::size_t segment) const {
        return order_.in_segment(segment);
    }
    double boosted_length(std::size_t segment, std::uint32_t row) const;
    double boosted_frequency(std::size_t segment, std::uint32_t code) const;

    /// Bytes that the columns take now.
    std::size_t memory_bytes() const { return terms_.memory_bytes(); }

    /// Whether a segment has frozen columns that are used.
    bool has_frozen(std::size_t segment) const { return frozen_[segment] != nullptr; }

    /// What the columns of a segment are made for.
    std::vector<double> column_identity(std::size_t segment) const;

    /// Columns to freeze: from the term of rank `first` on, in order of rank, until they take `enough` bytes
    /// or lists become too short to be frozen.
    EncodedColumns freeze(std::size_t segment, std::size_t first, std::size_t enough) const;

    /// What all searches so far have read.
    Work work() const { return {postings_read_, bytes_read_}; }

  private:
    struct Prepared {
        std::once_flag once;
        std::unique_ptr<const SegmentScoring> scoring;
    };
    std::shared_ptr<const Term> resolve(std::string_view term) const;
    std::unique_ptr<const Column> frozen_column(std::size_t segment, std::uint32_t term) const;
    const SegmentScoring& prepared(std::size_t segment) const;
    std::shared_ptr<const FrequentTerms> find_frequent_terms(std::uint64_t most_documents) const;
    void note_frequent(std::string_view term, FrequentTerms& found) const;
    bool frequencies_are_counted() const;
    std::vector<std::uint8_t> mask(std::size_t segment, AllowedRows allowed) const;
    void search_one(const SharedBatch& batch, std::span<const std::uint32_t> query_terms,
                    std::span<const double> weights, Workspace& work, std::vector<Scored>& hits) const;

    std::vector<std::shared_ptr<const Segment>> segments_;
    Scoring scoring_;
    std::vector<double> field_weights_;
    std::uint64_t documents_;
    bool tombstones_count_;  // whether they tell how many deleted documents match a term
    std::vector<std::shared_ptr<const FrozenColumns>> frozen_;  // by segment; null where there are none
    DocIdOrder order_;
    mutable Arena columns_;  // of the terms
    mutable TermCache terms_;
    mutable FrequentTermsCache frequent_;
    mutable std::mutex models_mutex_;
    mutable std::shared_ptr<RelevanceModels> models_;  // of the last call, for the next one
    mutable std::atomic<std::uint64_t> postings_read_ = 0;
    mutable std::atomic<std::uint64_t> bytes_read_ = 0;
    std::unique_ptr<Prepared[]> prepared_;
};

}  // namespace rocchio::lexical
