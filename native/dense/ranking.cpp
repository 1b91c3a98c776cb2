#include "dense/ranking.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "base/digit_sort.hpp"
#include "dense/stored_codes.hpp"

namespace rocchio::dense {

namespace {

/// Of so many candidates or more for each wanted one, not all are put in order.
constexpr std::size_t kMany = 4;

void score_mapped(ExactScore& score, const Originals& originals, std::span<Candidate> candidates) {
    constexpr std::size_t kAhead = 4;
    for (std::size_t i = 0; i < kAhead && i < candidates.size(); ++i) originals.fetch(candidates[i].row);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (i + kAhead < candidates.size()) originals.fetch(candidates[i + kAhead].row);
        candidates[i].value = score(candidates[i].row);
    }
}

/// In the order of the file, as many as are read in one go at a time.
void score_read(ExactScore& score, const Originals& originals, std::span<Candidate> candidates,
                RowReader& reader) {
    std::sort(candidates.begin(), candidates.end(),
              [](const Candidate& a, const Candidate& b) { return a.row < b.row; });
    const std::size_t most = std::max<std::size_t>(kTileBytes / originals.row_bytes(), 1);
    std::vector<std::uint32_t> rows;
    for (std::size_t first = 0; first < candidates.size(); first += most) {
        const auto some = candidates.subspan(first, std::min(most, candidates.size() - first));
        rows.clear();
        for (const Candidate& candidate : some) rows.push_back(candidate.row);
        originals.gather(rows, reader);
        for (std::size_t i = 0; i < some.size(); ++i) some[i].value = score.of_gathered(i, reader);
    }
}

}  // namespace

void score_exactly(ExactScore& score, const Originals& originals, std::span<Candidate> candidates,
                   RowReader& reader) {
    if (originals.in_memory()) return score_mapped(score, originals, candidates);
    score_read(score, originals, candidates, reader);
}

void write_best(std::span<Candidate> candidates, std::size_t k, std::int64_t* rows, float* scores) {
    const std::size_t found = std::min(k, candidates.size());
    if (found < candidates.size() / kMany) {
        std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(found),
                          candidates.end(), is_better);
    } else {
        std::vector<Candidate> spare;
        sort_by_digits(candidates, spare, [](const Candidate& candidate) {
            // zeros are equal, whatever their sign
            return CandidateKey({candidate.value + 0.0f, candidate.row}).place();
        });
    }
    for (std::size_t i = 0; i < found; ++i) {
        rows[i] = candidates[i].row;
        scores[i] = candidates[i].value;
    }
    std::fill(rows + found, rows + k, std::int64_t{-1});
    std::fill(scores + found, scores + k, -std::numeric_limits<float>::infinity());
}

}  // namespace rocchio::dense
