// Every posting is added up in 32-bit integers, for weights of either sign and for many terms. Which rows
// match is kept beside the sums, as a sum of 0 or below may be a match.

#include <algorithm>
#include <cmath>

#include "lexical/kernels.hpp"

namespace rocchio::lexical {
namespace {

constexpr std::size_t kWindowRows = Column::kWindowRows;
constexpr std::size_t kScanRows = 64;  // rows looked at together
constexpr double kLargestImpact = 255.0;
constexpr double kLargestSum = 1 << 30;
constexpr double kRounding = 2.5e-7;  // as in FixedPoint
constexpr double kLeastFloats = 3e-45;

class WideSearch {
  public:
    WideSearch(const SegmentQuery& query, float floor, Workspace& work);
    void add_window(std::size_t first_row);

  private:
    void scan_rows(std::size_t first_row, std::size_t begin);
    void raise_cut();

    const SegmentQuery& query_;
    Workspace& work_;
    std::vector<std::int32_t> weights_;  // a posting with impact q adds q times this
    double slack_ = 0.0;  // sums differ from scaled scores by two amounts; this is both together
    std::int32_t least_;  // rows with smaller sums are not among the best k
};

WideSearch::WideSearch(const SegmentQuery& query, float floor, Workspace& work) : query_(query), work_(work) {
    double most = 0.0;
    for (const QueryTerm& term : query.terms)
        most += std::abs(term.weight) * term.column->unit() * kLargestImpact;
    const double rounding = kLargestImpact * static_cast<double>(query.terms.size());
    const double scale = most > 0.0 ? (kLargestSum - rounding) / most : 0.0;
    for (const QueryTerm& term : query.terms) {
        const double exact = std::abs(term.weight) * term.column->unit() * scale;
        const double weight = std::ceil(exact);
        weights_.push_back(static_cast<std::int32_t>(term.weight < 0.0 ? -weight : weight));
        slack_ += weight + kLargestImpact * (weight - exact);
    }
    slack_ += kRounding * (kLargestSum + std::abs(query.constant) * scale) + kLeastFloats * scale + 2.0;
    double least = -kLargestSum;
    if (!std::isinf(floor)) {
        const double score = floor;
        least = (score - std::abs(score) * 1e-6 - query.constant) * scale - slack_;
    }
    least_ = static_cast<std::int32_t>(std::clamp(least, -kLargestSum, kLargestSum));
    work_.wide_sums.resize(kWindowRows);
    work_.matched.resize(kWindowRows);
    work_.wide_candidates.clear();
}

void WideSearch::add_window(std::size_t first_row) {
    std::ranges::fill(work_.wide_sums, 0);
    std::ranges::fill(work_.matched, std::uint8_t{0});
    std::int32_t* sums = work_.wide_sums.data();
    std::uint8_t* matched = work_.matched.data();
    for (std::size_t t = 0; t < query_.terms.size(); ++t) {
        const Column::Window window = query_.terms[t].column->window(first_row / kWindowRows);
        const std::int32_t weight = weights_[t];
        for (std::size_t i = 0; i < window.rows.size(); ++i) {
            sums[window.rows[i]] += weight * window.impacts[i];
            matched[window.rows[i]] = 1;
        }
    }
    for (std::size_t begin = 0; begin < kWindowRows; begin += kScanRows) scan_rows(first_row, begin);
    raise_cut();
}

void WideSearch::scan_rows(std::size_t first_row, std::size_t begin) {
    const std::int32_t* sums = work_.wide_sums.data() + begin;
    const std::uint8_t* matched = work_.matched.data() + begin;
    unsigned any = 0;  // a loop without branches, which compilers vectorise
    for (std::size_t i = 0; i < kScanRows; ++i) any |= sums[i] >= least_ ? 1u : 0u;
    if (any == 0) return;
    for (std::size_t i = 0; i < kScanRows; ++i) {
        const auto row = static_cast<std::uint32_t>(first_row + begin + i);
        if (sums[i] >= least_ && matched[i] != 0 && query_.is_allowed(row))
            work_.wide_candidates.push_back({row, sums[i]});
    }
}

void WideSearch::raise_cut() {
    auto& candidates = work_.wide_candidates;
    if (candidates.size() < query_.k) return;
    auto& values = work_.wide_values;
    values.clear();
    for (const WideCandidate& candidate : candidates) values.push_back(candidate.sum);
    const auto kth = values.begin() + static_cast<std::ptrdiff_t>(query_.k - 1);
    std::ranges::nth_element(values, kth, std::greater<>());
    const double least = std::max(static_cast<double>(*kth) - slack_, -kLargestSum);
    least_ = std::max(least_, static_cast<std::int32_t>(std::floor(least)));
    std::erase_if(candidates, [&](const WideCandidate& candidate) { return candidate.sum < least_; });
}

}  // namespace

void collect_wide(const SegmentQuery& query, float floor, Workspace& work) {
    work.work.read(static_cast<std::size_t>(work.size.postings), Column::kWindowBytes);
    WideSearch search(query, floor, work);
    for (const std::size_t number : work.windows) search.add_window(number * kWindowRows);
}

}  // namespace rocchio::lexical
