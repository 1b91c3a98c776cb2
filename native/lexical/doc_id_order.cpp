#include "lexical/doc_id_order.hpp"

#include <algorithm>
#include <string_view>

namespace rocchio::lexical {
namespace {

struct Place {
    std::uint32_t segment;
    std::uint32_t row;
};

}  // namespace

DocIdOrder::DocIdOrder(std::span<const std::shared_ptr<const Segment>> segments)
    : segments_(segments), starts_{0} {
    for (const auto& segment : segments) starts_.push_back(starts_.back() + segment->row_count());
}

bool DocIdOrder::compare(const Scored& a, const Scored& b) const {
    if (compared_.fetch_add(1, std::memory_order_relaxed) >= starts_.back())
        std::call_once(once_, [this] { put_in_order(); });
    return segments_[a.segment]->doc_id(a.row) < segments_[b.segment]->doc_id(b.row);
}

void DocIdOrder::put_in_order() const {
    std::vector<Place> order;
    const auto doc_id = [this](const Place& place) { return segments_[place.segment]->doc_id(place.row); };
    for (std::uint32_t s = 0; s < segments_.size(); ++s) {
        const std::vector<std::uint32_t> ranks = segments_[s]->doc_id_ranks();  // checks the order on disk
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
