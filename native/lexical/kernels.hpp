#pragma once
// The kernels that search one segment. All give the same answers; `automatic` lets the costs decide.

#include "lexical/candidates.hpp"
#include "lexical/costs.hpp"
#include "lexical/query.hpp"

namespace rocchio::lexical {

enum class Kernel : std::uint8_t { automatic, pruned, exhaustive, reference };

/// What searching read: postings added one by one or looked up in a block, and bytes of columns.
struct Work {
    std::uint64_t postings = 0;
    std::uint64_t bytes = 0;

    void read(std::size_t count, std::size_t bytes_each) {
        postings += count;
        bytes += count * bytes_each;
    }
};

/// A row with the bound of its score in 32 bits.
struct WideCandidate {
    std::uint32_t row;
    std::int32_t sum;
};

/// The maxima of all blocks for one term of a query.
struct DenseMaxima {
    const std::uint8_t* maxima;
    std::uint16_t weight;
};

/// Memory that a thread keeps between queries.
struct Workspace {
    Work work;
    std::vector<std::vector<QueryTerm>> terms;  // by segment
    std::vector<std::uint16_t> bounds;          // by block: bound of the sum of its best row
    std::vector<DenseMaxima> dense_maxima;
    std::vector<std::uint16_t> largest;   // sample of the largest bounds
    std::vector<std::uint16_t> sums;      // by row of a window
    std::vector<std::uint16_t> minus;     // the same, of terms with negative weights
    std::vector<std::int32_t> wide_sums;  // by row of a window
    std::vector<std::uint8_t> matched;    // by row of a window
    std::vector<WideCandidate> wide_candidates;
    std::vector<std::int32_t> wide_values;  // those of the candidates
    std::vector<std::uint16_t> row_sums;    // by row of the segment; zero between queries
    std::vector<std::uint32_t> queue;       // blocks to be scored, and their directory, zero in between
    std::vector<kernels::DirectoryWord> queue_places;
    std::vector<kernels::FoundBlocks> found;  // by term: those of the queue that hold it
    std::vector<std::uint32_t> touched;
    std::vector<std::size_t> windows;        // those with a row that is allowed
    SearchSize size;                         // of what is in them
    std::vector<std::uint32_t> found_above;  // what find_above writes
    CandidateSet candidates;
    std::vector<double> exact;
    std::vector<double> norms;
    std::vector<std::uint32_t> rows;
    std::vector<std::uint32_t> places;
    std::vector<std::uint32_t> present;
    std::vector<std::uint8_t> candidate_bits;    // by row of the segment; zero between queries
    std::vector<std::uint32_t> candidate_slots;  // by row of the segment, where the bit is set
};

/// Plain reference: every posting of every term, double sums; any weights. Appends every matching row.
void search_reference(const SegmentQuery& query, std::vector<Scored>& out);

/// Leaves in `work.windows` those that hold a row that may be returned, and in `work.size` what is in them.
void find_windows(const SegmentQuery& query, Workspace& work);

/// Adds every posting of every term in the found windows in integers; rows that could reach the top k become
/// candidates.
void collect_exhaustive(const SegmentQuery& query, const FixedPoint& fixed, Workspace& work);

/// Adds every posting of every term in the found windows in 32-bit integers, for any weights and up to
/// kMostWideTerms terms. Rows that could be among the best k are left in `wide_candidates`, ascending;
/// `floor` is a score that at least k documents are known to reach, or minus infinity.
void collect_wide(const SegmentQuery& query, float floor, Workspace& work);

/// Beyond this many terms, rounding takes most of 32 bits.
inline constexpr std::size_t kMostWideTerms = 100'000;

/// Adds block maxima of terms with positive weights first, then scores only blocks that could hold a row of
/// the top k. With `may_give_up`, returns false as soon as the exhaustive kernel looks cheaper in the found
/// windows; what was learned about the threshold stays.
bool collect_pruned(const SegmentQuery& query, const FixedPoint& fixed, bool may_give_up, Workspace& work);

/// The exact sums of the rows in `work.rows`, in `work.exact`: terms in query order, doubles, as the
/// reference computes them.
void score_exactly(const SegmentQuery& query, Workspace& work);

/// One query in several segments: candidates by the kernel asked for, then their exact scores. Weights must
/// be positive, and there may be at most FixedPoint::kMostPositive terms. Appends a superset of the best k.
void search_positive(std::span<const SegmentQuery> queries, Kernel kernel, Workspace& work,
                     std::vector<Scored>& out);

/// The same in one segment for weights of either sign or zero, and up to kMostWideTerms terms; `floor` as in
/// collect_wide.
void search_any_weights(const SegmentQuery& query, Kernel kernel, float floor, Workspace& work,
                        std::vector<Scored>& out);

}  // namespace rocchio::lexical
