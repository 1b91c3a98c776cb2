// Which kernel collects the candidates, and their exact scores.

#include <algorithm>
#include <cmath>

#include "lexical/kernels.hpp"

namespace rocchio::lexical {
namespace {

/// Whether pruning deserves a try in the found windows. `knows_good` as in likely_blocks.
bool may_prune(const SegmentQuery& query, bool knows_good, const Workspace& work) {
    const double blocks =
        std::min(likely_blocks(work.size, query.k, knows_good), static_cast<double>(query.allowed_blocks()));
    return bounds_cost(work.size) + blocks_cost(blocks, work.size) < exhaustive_cost(work.size, query.k);
}

void collect(const SegmentQuery& query, const FixedPoint& fixed, Kernel kernel, Workspace& work) {
    const bool automatic = kernel == Kernel::automatic;
    find_windows(query, work);
    if (automatic && !may_prune(query, work.candidates.are_enough(), work)) kernel = Kernel::exhaustive;
    if (kernel != Kernel::exhaustive && collect_pruned(query, fixed, automatic, work)) return;
    collect_exhaustive(query, fixed, work);
}

/// A sum that every row of the best k reaches, because k rows have one of the terms with an impact that is
/// large enough by itself.
std::uint32_t first_threshold(const SegmentQuery& query, const FixedPoint& fixed) {
    std::uint32_t threshold = 0;
    // rows that may not be returned prove nothing, and rows that alpha leaves out are never found
    if (!query.allowed.empty() || query.alpha < 1.0) return threshold;
    for (std::size_t t = 0; t < query.terms.size(); ++t) {
        const std::uint8_t impact = query.terms[t].column->reached_by(query.k);
        threshold = std::max(threshold, fixed.threshold(kernels::weighted(impact, fixed.weights()[t])));
    }
    return threshold;
}

/// Leaves those rows that may be among the best k in `work.candidates`; of rows with a sum of 0, none.
void collect_in_segments(std::span<const SegmentQuery> queries, std::span<const FixedPoint> fixed,
                         Kernel kernel, Workspace& work) {
    work.candidates.start(queries.front().k, fixed.front());
    for (std::size_t i = 0; i < queries.size(); ++i) {
        work.candidates.begin_segment(first_threshold(queries[i], fixed[i]));
        collect(queries[i], fixed[i], kernel, work);
    }
    work.candidates.finish();
}

/// Appends the candidates with their exact scores.
void append_scored(const SegmentQuery& query, const auto& candidates, Workspace& work,
                   std::vector<Scored>& out) {
    work.rows.resize(candidates.size());
    for (std::size_t i = 0; i < candidates.size(); ++i) work.rows[i] = candidates[i].row;
    score_exactly(query, work);
    for (std::size_t i = 0; i < work.rows.size(); ++i) {
        out.push_back(
            {static_cast<float>(work.exact[i] + query.constant), query.segment_index, work.rows[i]});
    }
}

}  // namespace

void search_positive(std::span<const SegmentQuery> queries, Kernel kernel, Workspace& work,
                     std::vector<Scored>& out) {
    if (queries.empty()) return;
    for (const SegmentQuery& query : queries)
        for (const QueryTerm& term : query.terms) term.column->ask_for_beginnings();
    std::vector<FixedPoint> fixed = FixedPoint::of_segments(queries, QueryWeights::any);
    collect_in_segments(queries, fixed, kernel, work);
    // fewer than k rows stood out: those that only have terms too light to count may be among the best
    if (work.candidates.threshold() == 0 && !std::ranges::all_of(fixed, &FixedPoint::sees_every_match)) {
        fixed = FixedPoint::of_segments(queries, QueryWeights::few_positive);
        collect_in_segments(queries, fixed, Kernel::exhaustive, work);
    }
    for (std::size_t i = 0; i < queries.size(); ++i)
        append_scored(queries[i], work.candidates.of_segment(i), work, out);
}

void search_any_weights(const SegmentQuery& query, Kernel kernel, float floor, Workspace& work,
                        std::vector<Scored>& out) {
    const bool automatic = kernel == Kernel::automatic;
    find_windows(query, work);
    if (kernel != Kernel::exhaustive && query.terms.size() <= FixedPoint::kMostTerms &&
        (!automatic || may_prune(query, !std::isinf(floor), work))) {
        const FixedPoint fixed(query, QueryWeights::any);
        work.candidates.start(query.k, fixed);
        work.candidates.begin_segment(fixed.threshold_of_score(floor));
        if (collect_pruned(query, fixed, automatic, work)) {
            work.candidates.finish();
            // without a threshold, rows with scores of 0 and below might be asked for
            if (work.candidates.threshold() > 0) {
                append_scored(query, work.candidates.of_segment(0), work, out);
                return;
            }
        }
    }
    collect_wide(query, floor, work);
    append_scored(query, work.wide_candidates, work, out);
}

}  // namespace rocchio::lexical
