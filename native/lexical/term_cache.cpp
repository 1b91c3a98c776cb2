#include "lexical/term_cache.hpp"

namespace rocchio::lexical {

std::size_t Term::memory_bytes() const {
    std::size_t bytes = sizeof(Term) + segments.capacity() * sizeof(InSegment);
    for (const InSegment& place : segments) bytes += place.column->memory_bytes();
    return bytes;
}

std::shared_ptr<const Term> TermCache::find(std::string_view term) const {
    const std::lock_guard lock(mutex_);
    const auto found = terms_.find(term);
    return found == terms_.end() ? nullptr : found->second;
}

std::shared_ptr<const Term> TermCache::keep(std::string_view term, std::shared_ptr<const Term> made) {
    const std::lock_guard lock(mutex_);
    if (memory_bytes_ > memory_limit_) {
        terms_.clear();
        memory_bytes_ = 0;
    }
    const auto [place, is_new] = terms_.try_emplace(std::string(term), std::move(made));
    if (is_new) memory_bytes_ += place->first.capacity() + place->second->memory_bytes();
    return place->second;
}

std::size_t TermCache::memory_bytes() const {
    const std::lock_guard lock(mutex_);
    return memory_bytes_;
}

}  // namespace rocchio::lexical
