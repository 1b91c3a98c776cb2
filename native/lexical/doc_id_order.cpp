#include "lexical/doc_id_order.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace rocchio::lexical {
namespace {

struct Place {
    std::uint32_t segment;
    std::uint32_t row;
};

/// Ranks are fetched once for each hit: they lie far apart.
void sort_by_ranks(std::span<Scored> hits, std::size_t wanted, const auto& rank_of) {
    struct Ranked {
        std::uint32_t rank;
        Scored hit;
    };
    std::array<Ranked, 32> few;  // most ties are small
    std::vector<Ranked> many(hits.size() > few.size() ? hits.size() : 0);
    const std::span ranked =
        many.empty() ? std::span<Ranked>(few).first(hits.size()) : std::span<Ranked>(many);
    std::ranges::transform(hits, ranked.begin(),
                           [&](const Scored& hit) { return Ranked{rank_of(hit), hit}; });
    std::ranges::partial_sort(ranked, ranked.begin() + static_cast<std::ptrdiff_t>(wanted), {},
                              &Ranked::rank);
    std::ranges::transform(ranked, hits.begin(), &Ranked::hit);
}

}  // namespace

DocIdOrder::DocIdOrder(std::span<const std::shared_ptr<const Segment>> segments)
    : segments_(segments), starts_{0}, in_segment_(std::make_unique<InSegment[]>(segments.size())) {
    for (const auto& segment : segments) starts_.push_back(starts_.back() + segment->row_count());
}

std::span<const std::uint32_t> DocIdOrder::in_segment(std::size_t number) const {
    InSegment& found = in_segment_[number];
    std::call_once(found.once, [&] { found.ranks = segments_[number]->doc_id_ranks(); });
    return found.ranks;
}

void DocIdOrder::sort(std::span<Scored> hits, std::size_t wanted) const {
    if (hits.size() < 2) return;
    const std::uint32_t segment = hits.front().segment;
    const auto is_other = [segment](const Scored& hit) { return hit.segment != segment; };
    if (std::ranges::none_of(hits, is_other)) {
        const std::span<const std::uint32_t> ranks = in_segment(segment);
        sort_by_ranks(hits, wanted, [&](const Scored& hit) { return ranks[hit.row]; });
    } else if (is_known_.load(std::memory_order_acquire)) {
        sort_by_ranks(hits, wanted,
                      [&](const Scored& hit) { return ranks_[starts_[hit.segment] + hit.row]; });
    } else {
        sort_by_strings(hits, wanted);
    }
}

void DocIdOrder::sort_by_strings(std::span<Scored> hits, std::size_t wanted) const {
    std::uint64_t compared = 0;
    const auto doc_id = [this](const Scored& hit) { return segments_[hit.segment]->doc_id(hit.row); };
    std::ranges::partial_sort(hits, hits.begin() + static_cast<std::ptrdiff_t>(wanted),
                              [&](const Scored& a, const Scored& b) {
                                  ++compared;
                                  return doc_id(a) < doc_id(b);
                              });
    if (compared_.fetch_add(compared, std::memory_order_relaxed) + compared >= starts_.back())
        std::call_once(once_, [this] { put_in_order(); });
}

void DocIdOrder::put_in_order() const {
    std::vector<Place> order;
    const auto doc_id = [this](const Place& place) { return segments_[place.segment]->doc_id(place.row); };
    for (std::uint32_t s = 0; s < segments_.size(); ++s) {
        const std::span<const std::uint32_t> ranks = in_segment(s);
        order.resize(starts_[s + 1]);
        for (std::uint32_t row = 0; row < ranks.size(); ++row) order[starts_[s] + ranks[row]] = {s, row};
        std::inplace_merge(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(starts_[s]),
                           order.end(),
                           [&](const Place& a, const Place& b) { return doc_id(a) < doc_id(b); });
    }
    ranks_.resize(order.size());
    for (std::uint32_t rank = 0; rank < order.size(); ++rank)
        ranks_[starts_[order[rank].segment] + order[rank].row] = rank;
    is_known_.store(true, std::memory_order_release);
}

}  // namespace rocchio::lexical
