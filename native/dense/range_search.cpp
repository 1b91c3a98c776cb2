// All rows that score at least so much: bounds from the codes leave few to score from the originals.

#include <algorithm>
#include <bit>
#include <limits>

#include "dense/code_scan.hpp"
#include "dense/ranking.hpp"

namespace rocchio::dense {

namespace {

using ByQuery = std::vector<std::vector<Candidate>>;

void append(const std::vector<Candidate>& found, RangeResults& results) {
    for (const Candidate& candidate : found) {
        results.rows.push_back(candidate.row);
        results.scores.push_back(candidate.value);
    }
    results.offsets.push_back(results.rows.size());
}

}  // namespace

RangeResults VectorIndex::within(std::span<const float> queries, std::span<const float> least,
                                 const std::optional<std::span<const std::uint8_t>>& allowed) const {
    RangeResults results{{0}, {}, {}, {}};
    ExactScoring scoring(transform_.metric(), originals_);
    for (std::size_t first = 0; first < least.size(); first += CodeScan::kGroup) {
        const std::size_t size = std::min(CodeScan::kGroup, least.size() - first);
        CodeScan scan(*this, queries.subspan(first * dim(), size * dim()));
        const PreparedQueries& prepared = scan.queries();
        std::vector<float> thresholds;
        for (std::size_t query = 0; query < size; ++query)
            thresholds.push_back(transform_.ranking_of(prepared.given(query), least[first + query]));
        const std::vector<std::uint32_t> chosen = scan.chosen(allowed);
        ByQuery found(size);
        for (std::size_t begin = 0; begin < chosen.size(); begin += kernels::kBoundRows) {
            scan.load(chosen, begin);
            for (std::size_t query = 0; query < size; ++query) {
                float uppers[kernels::kBoundRows];
                std::uint64_t reaching = scan.reaching(query, thresholds[query], uppers);
                for (; reaching != 0; reaching &= reaching - 1) {
                    const auto i = static_cast<std::size_t>(std::countr_zero(reaching));
                    found[query].push_back({uppers[i], scan.rows()[i]});
                }
            }
        }
        results.work.refined += chosen.size() * size;
        for (std::size_t query = 0; query < size; ++query) {
            std::vector<Candidate>& rows = found[query];
            const std::size_t ends[] = {rows.size()};
            scoring.score(prepared.given(query), rows, 0, ends);
            results.work.rescored += rows.size();
            std::erase_if(rows, [&](const Candidate& row) { return !(row.value >= least[first + query]); });
            std::sort(rows.begin(), rows.end(), is_better);
            append(rows, results);
        }
    }
    return results;
}

std::vector<float> VectorIndex::scores(std::span<const float> queries, std::span<const std::uint64_t> offsets,
                                       std::span<const std::uint32_t> rows) const {
    std::vector<float> scores(rows.size()), buffer(dim());
    for (std::size_t query = 0; query + 1 < offsets.size(); ++query) {
        const ExactScore score(transform_.metric(), queries.data() + query * dim(), dim());
        for (std::size_t i = offsets[query]; i < offsets[query + 1]; ++i)
            scores[i] = score(originals_.row(rows[i], buffer.data()));
    }
    return scores;
}

}  // namespace rocchio::dense
