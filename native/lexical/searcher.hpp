#pragma once
// Exact top-k over the segments of one snapshot with one scoring: what a batch of queries is run against.

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "lexical/length_classes.hpp"
#include "lexical/scoring.hpp"
#include "lexical/segment.hpp"

namespace rocchio::lexical {

enum class Kernel : std::uint8_t { automatic, exhaustive, windowed };

/// A term of a query with its weight, as found in one segment.
struct SegmentTerm {
    std::uint32_t term;
    double weight;  // query weight times idf
};

/// One answer. The score is the float32 rounding of a double sum over the query's terms in their order, so it
/// does not depend on the kernel, the segmentation or the CPU.
struct Scored {
    float score;
    std::uint32_t segment;
    std::uint32_t row;
};

/// Rows that may be returned, packed bits; empty means all. Deleted rows are left out by the searcher itself.
using AllowedRows = std::span<const std::uint8_t>;

/// Term frequency over all fields, each weighed by its boost.
double boosted_sum(std::span<const std::uint32_t> frequencies, std::span<const double> field_weights);

/// What a kernel needs to know to search one segment.
struct SegmentQuery {
    const Segment& segment;
    const Scoring& scoring;
    std::span<const double> field_weights;
    std::span<const double> lengths;  // boosted length by row
    std::span<const SegmentTerm> terms;
    AllowedRows allowed;
    double constant;  // added to every matching document (BM25L, BM25+)
    std::size_t k;

    bool is_allowed(std::uint32_t row) const;
    double boosted_frequency(std::uint32_t code) const;
};

/// The score of one (row, list position) pair's term; the only place where a contribution is computed
/// exactly.
double contribution(const SegmentQuery& query, const SegmentTerm& term, std::uint32_t code,
                    std::uint32_t row);

/// Plain reference: every posting of every term, double sums; any weights. Returns at least the top k
/// (unsorted).
void search_exhaustive(const SegmentQuery& query, std::uint32_t segment_index, std::vector<Scored>& out);

/// Fast path for positive weights: float upper bounds in cache-sized windows choose candidates, which are
/// then scored exactly. `floor` is a score that at least k documents are known to reach (or 0).
void search_windowed(const SegmentQuery& query, const LengthClasses& classes, std::uint32_t segment_index,
                     float floor, std::vector<Scored>& out);

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

class Searcher {
  public:
    /// `field_weights` are the boosts by field (0 leaves a field out); `documents` and `total_lengths`
    /// (tokens by field) count live documents only. scoring.average_length is computed here.
    Searcher(std::vector<std::shared_ptr<const Segment>> segments, Scoring scoring,
             std::vector<double> field_weights, std::uint64_t documents,
             std::span<const std::uint64_t> total_lengths);

    /// Top k of each query, score descending, then doc_id ascending (bytewise). `allowed` has one bitmap per
    /// segment, or none. Deterministic; safe for many threads.
    BatchResult search(std::span<const std::string_view> distinct_terms, const QueryBatch& batch,
                       std::size_t k, std::span<const AllowedRows> allowed, Kernel kernel) const;

    const Scoring& scoring() const { return scoring_; }
    std::size_t segment_count() const { return segments_.size(); }
    std::uint32_t row_count(std::size_t segment) const { return segments_[segment]->row_count(); }
    std::uint64_t document_frequency(std::string_view term) const;
    std::string_view doc_id(const Scored& hit) const { return segments_[hit.segment]->doc_id(hit.row); }
    double boosted_length(std::size_t segment, std::uint32_t row) const;
    double boosted_frequency(std::size_t segment, std::uint32_t code) const;

  private:
    struct TermEntry {
        double idf = 0.0;
        std::vector<std::int64_t> ids;  // by segment; -1 where absent
        bool found = false;
    };
    struct SegmentCache {
        std::once_flag once;
        std::vector<double> lengths;
        std::unique_ptr<LengthClasses> classes;
    };

    TermEntry resolve(std::string_view term) const;
    std::uint64_t matching_documents(std::size_t segment, std::uint32_t term) const;
    void prepare(std::size_t segment) const;
    std::span<const double> lengths(std::size_t segment) const;
    void search_one(std::span<const TermEntry> terms, std::span<const std::uint32_t> query_terms,
                    std::span<const double> weights, std::size_t k, std::span<const AllowedRows> allowed,
                    Kernel kernel, std::vector<Scored>& hits) const;
    void keep_best(std::vector<Scored>& hits, std::size_t k) const;

    std::vector<std::shared_ptr<const Segment>> segments_;
    Scoring scoring_;
    std::vector<double> field_weights_;
    std::uint64_t documents_;
    bool all_fields_;
    std::unique_ptr<SegmentCache[]> caches_;
};

}  // namespace rocchio::lexical
