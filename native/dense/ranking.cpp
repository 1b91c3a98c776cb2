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

/// Candidates whose originals are asked for from memory ahead of their use.
constexpr std::size_t kAhead = 8;

/// Where a row is wanted of so many, memory takes long for each; that many are asked for together, which it
/// finds side by side. Neighbours come by themselves.
constexpr std::size_t kFar = 4, kAskedTogether = 64;

/// Candidates that are put in the order of rows together: more take memory, fewer share less.
constexpr std::size_t kTogether = std::size_t{1} << 20;

}  // namespace

void ExactScoring::score(const float* queries, std::span<Candidate> candidates, std::size_t first,
                         std::span<const std::size_t> ends) {
    for (std::size_t query = 0; query < ends.size();) {
        scores_.clear();
        wanted_.clear();
        do {
            const auto number = static_cast<std::uint32_t>(scores_.size());
            scores_.emplace_back(metric_, queries + query * originals_.dim(), originals_.dim());
            for (; first < ends[query]; ++first)
                wanted_.push_back({candidates[first].row, number, static_cast<std::uint32_t>(first)});
            ++query;
        } while (query < ends.size() && wanted_.size() + (ends[query] - first) <= kTogether);
        sort_by_digits(std::span(wanted_), spare_, [](const Wanted& wanted) { return wanted.row; });
        if (originals_.in_memory()) {
            score_mapped(candidates);
        } else {
            score_read(candidates);
        }
    }
}

void ExactScoring::score_mapped(std::span<Candidate> candidates) {
    if (wanted_.empty()) return;
    const bool is_far = wanted_.back().row - wanted_.front().row > kFar * wanted_.size();
    std::size_t asked = 0;
    for (std::size_t first = 0; first < wanted_.size();) {
        const std::size_t ahead = std::min(first + kAhead, wanted_.size());
        if (asked < ahead) asked = ask_for(asked, is_far ? asked + kAskedTogether : ahead);
        const float* values = originals_.row(wanted_[first].row, buffer_.data());
        first = score_row(first, values, candidates);
    }
}

/// Asks for the originals that are wanted from the `first` to the `last`, or the end, which it returns.
std::size_t ExactScoring::ask_for(std::size_t first, std::size_t last) const {
    for (last = std::min(last, wanted_.size()); first < last; ++first)
        if (first == 0 || wanted_[first].row != wanted_[first - 1].row) originals_.fetch(wanted_[first].row);
    return last;
}

/// As many rows as are read in one go at a time.
void ExactScoring::score_read(std::span<Candidate> candidates) {
    const std::size_t most = std::max<std::size_t>(kTileBytes / originals_.row_bytes(), 1);
    std::vector<std::uint32_t> rows;
    for (std::size_t first = 0, next = 0; first < wanted_.size();) {
        rows.clear();
        for (; next < wanted_.size(); ++next) {
            if (!rows.empty() && wanted_[next].row == rows.back()) continue;
            if (rows.size() == most) break;
            rows.push_back(wanted_[next].row);
        }
        originals_.gather(rows, reader_);
        for (std::size_t i = 0; i < rows.size(); ++i)
            first = score_row(first, originals_.gathered(i, reader_, buffer_.data()), candidates);
    }
}

/// Scores a row for all that want it, from the `first` on; returns who wants the next one.
std::size_t ExactScoring::score_row(std::size_t first, const float* values, std::span<Candidate> candidates) {
    const std::uint32_t row = wanted_[first].row;
    const ExactScore& score = scores_[wanted_[first].query];
    if (first + 1 == wanted_.size() || wanted_[first + 1].row != row) {
        candidates[wanted_[first].candidate].value = score(values);
        return first + 1;
    }
    const double square = score.square_of(values);
    for (; first < wanted_.size() && wanted_[first].row == row; ++first)
        candidates[wanted_[first].candidate].value = scores_[wanted_[first].query].of(values, square);
    return first;
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
