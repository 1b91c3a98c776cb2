#include "dense/list_choice.hpp"

#include <bit>
#include <cmath>
#include <limits>

namespace rocchio::dense {

namespace {

/// How many standard deviations a list's best rows lie above their mean, if its rows differ from its centroid
/// in all directions alike.
constexpr float kBestRows = 4.0f;

/// Maxima for each list that is chosen: the more there are, the fewer lists reach the worst of the best
/// maxima.
constexpr std::size_t kMaximaOfList = 5;

}  // namespace

/// What so many lists reach, at least: the best maxima of groups of lists do.
float VectorIndex::ListChoice::some_reach(std::size_t count) {
    const std::size_t lists = nearness_.size(), groups = std::min(kMaximaOfList * count, lists);
    if (count >= groups) return -std::numeric_limits<float>::infinity();
    maxima_.assign(nearness_.begin(), nearness_.begin() + static_cast<std::ptrdiff_t>(groups));
    for (std::size_t first = groups; first < lists; first += groups) {
        const std::size_t size = std::min(groups, lists - first);
        const float* others = nearness_.data() + first;
        for (std::size_t i = 0; i < size; ++i) maxima_[i] = maxima_[i] < others[i] ? others[i] : maxima_[i];
    }
    keys_.clear();
    for (std::size_t group = 0; group < groups; ++group)
        keys_.emplace_back(Candidate{maxima_[group], static_cast<std::uint32_t>(group)});
    select_best(keys_, count);
    float least = keys_.front().value();
    for (const CandidateKey key : std::span(keys_).first(count)) least = std::min(least, key.value());
    return least;
}

/// The keys of all lists that reach a threshold.
void VectorIndex::ListChoice::collect(float threshold) {
    keys_.clear();
    for (std::size_t first = 0; first < nearness_.size(); first += kernels::kBoundRows) {
        const std::size_t count = std::min(kernels::kBoundRows, nearness_.size() - first);
        std::uint64_t near = kernels::vector_kernels().reaching(nearness_.data() + first, count, threshold);
        for (; near != 0; near &= near - 1) {
            const std::size_t list = first + static_cast<std::size_t>(std::countr_zero(near));
            keys_.emplace_back(Candidate{nearness_[list], static_cast<std::uint32_t>(list)});
        }
    }
}

void VectorIndex::ListChoice::choose(const PreparedQueries& queries, std::size_t query,
                                     const std::int32_t* centroid_dots, std::size_t count,
                                     std::size_t ordered, std::vector<ScoredList>& lists) {
    const SignedCode& code = queries.constants(query);
    const float norm = queries.norm(query);
    const kernels::ListRanking ranking{code.scale, static_cast<float>(code.sum),
                                       half_squares_of(index_.transform_.metric()), norm * norm,
                                       kBestRows / std::sqrt(static_cast<float>(queries.width()))};
    kernels::vector_kernels().rank_lists(centroid_dots, index_.centroid_constants_.data(), nearness_.size(),
                                         ranking, nearness_.data());
    collect(some_reach(count));
    if (count < keys_.size()) {
        select_best(keys_, count);
        keys_.resize(count);
    }
    std::partial_sort(keys_.begin(), keys_.begin() + static_cast<std::ptrdiff_t>(ordered), keys_.end(),
                      [](CandidateKey a, CandidateKey b) { return a.is_better_than(b); });
    lists.clear();
    for (const CandidateKey key : keys_)
        lists.push_back(
            {key.row(), code.product(centroid_dots[key.row()], index_.centroid_constants_[key.row()])});
}

}  // namespace rocchio::dense
