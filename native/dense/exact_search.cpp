#include "dense/exact_search.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "dense/ranking.hpp"

namespace rocchio::dense {

VectorResults VectorIndex::exact(const VectorQueries& queries) const {
    const std::size_t count = queries.values.size() / dim(), k = queries.k;
    VectorResults results{std::vector<std::int64_t>(count * k), std::vector<float>(count * k), {}};
    for (std::size_t first = 0; first < count; first += CodeScan::kGroup) {
        const std::size_t size = std::min(CodeScan::kGroup, count - first);
        ExactSearch search(*this, queries, queries.values.subspan(first * dim(), size * dim()));
        search.run(results.rows.data() + first * k, results.scores.data() + first * k, results.work);
    }
    return results;
}

VectorIndex::ExactSearch::ExactSearch(const VectorIndex& index, const VectorQueries& queries,
                                      std::span<const float> values)
    : index_(index),
      queries_(queries),
      scan_(index, values),
      lowers_(scan_.queries().size()),
      uppers_(scan_.queries().size()) {
    for (Candidates& lowers : lowers_) lowers.reset(queries.k);
}

void VectorIndex::ExactSearch::run(std::int64_t* rows, float* scores, Work& work) {
    const PreparedQueries& prepared = scan_.queries();
    const std::vector<std::uint32_t> chosen = scan_.chosen(queries_.allowed);
    for (std::size_t first = 0; first < chosen.size(); first += kernels::kBoundRows) {
        scan_.load(chosen, first);
        for (std::size_t query = 0; query < prepared.size(); ++query) add(query);
    }
    work.refined += chosen.size() * prepared.size();
    std::vector<Candidate> last;
    std::vector<std::size_t> ends;
    for (std::size_t query = 0; query < prepared.size(); ++query) {
        add_finalists(query, last);
        ends.push_back(last.size());
    }
    ExactScoring(index_.transform_.metric(), index_.originals_).score(prepared.given(0), last, 0, ends);
    work.rescored += last.size();
    for (std::size_t query = 0, first = 0; query < prepared.size(); first = ends[query++]) {
        write_best(std::span(last).subspan(first, ends[query] - first), queries_.k, rows + query * queries_.k,
                   scores + query * queries_.k);
    }
}

/// Adds the loaded rows that may be among the best of a query.
void VectorIndex::ExactSearch::add(std::size_t query) {
    float uppers[kernels::kBoundRows], floors[kernels::kBoundRows];
    Candidates& lowers = lowers_[query];
    std::uint64_t reaching = scan_.reaching(query, lowers.threshold(), uppers);
    if (reaching == 0) return;
    scan_.lower_bounds(query, floors);
    for (; reaching != 0; reaching &= reaching - 1) {
        const auto i = static_cast<std::size_t>(std::countr_zero(reaching));
        uppers_[query].push_back({uppers[i], scan_.rows()[i]});
        // nothing is known of a row that is not finite
        const float floor = std::isfinite(floors[i]) ? floors[i] : -std::numeric_limits<float>::infinity();
        lowers.add({floor, scan_.rows()[i]});
    }
}

/// Adds the rows that no lower bound rules out.
void VectorIndex::ExactSearch::add_finalists(std::size_t query, std::vector<Candidate>& last) {
    const std::span<const CandidateKey> best = lowers_[query].best();
    float least = -std::numeric_limits<float>::infinity();
    if (best.size() >= queries_.k) {
        least = best.front().value();
        for (const CandidateKey lower : best) least = std::min(least, lower.value());
    }
    for (const Candidate& candidate : uppers_[query])
        if (!(candidate.value < least)) last.push_back(candidate);
}

}  // namespace rocchio::dense
