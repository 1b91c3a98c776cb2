#include "lexical/column_cache.hpp"

#include "lexical/query.hpp"

namespace rocchio::lexical {

ColumnCache::ColumnCache(const Segment& segment, const Scoring& scoring, std::span<const double> field_weights,
                         MemoryBudget& budget)
    : segment_(segment), scoring_(scoring), budget_(budget), norms_(segment.row_count(), 0.0) {
    for (std::uint32_t code = 0; code < segment.code_count(); ++code) {
        tf_by_code_.push_back(boosted_sum(segment.frequencies(code), field_weights));
    }
    for (std::uint32_t f = 0; f < field_weights.size(); ++f) {
        const auto stored = segment.lengths(f);
        for (std::size_t row = 0; row < norms_.size(); ++row) norms_[row] += field_weights[f] * stored[row];
    }
    for (double& length : norms_) length = scoring_.length_norm(length);
    ranks_ = segment.doc_id_ranks();
}

std::shared_ptr<const Column> ColumnCache::column(std::uint32_t term) {
    {
        const std::lock_guard lock(mutex_);
        const auto found = columns_.find(term);
        if (found != columns_.end()) return found->second;
        if (budget_.is_exceeded()) {
            std::erase_if(columns_, [&](const auto& item) {
                if (item.second.use_count() > 1) return false;
                budget_.give_back(item.second->memory_bytes());
                return true;
            });
        }
    }
    // made without the lock: another thread may make it too, and then the first one is kept
    auto made = std::make_shared<const Column>(segment_.postings(term), scoring());
    const std::lock_guard lock(mutex_);
    const auto [place, is_new] = columns_.try_emplace(term, std::move(made));
    if (is_new) budget_.take(place->second->memory_bytes());
    return place->second;
}

}  // namespace rocchio::lexical
