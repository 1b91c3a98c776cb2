#pragma once
// Terms that too many documents have to say anything: found once for all that a searcher is asked.

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace rocchio::lexical {

/// Terms that more live documents of a snapshot have than a filter allows.
struct FrequentTerms {
    std::vector<std::uint32_t> first_ranks;          // by segment: ranks below this are of such terms
    std::vector<std::vector<std::uint32_t>> others;  // by segment: such terms of other ranks, increasing

    /// Whether a term whose rank is not below `first_ranks` is one of them.
    bool has(std::size_t segment, std::uint32_t term) const {
        return std::ranges::binary_search(others[segment], term);
    }
};

/// The terms by limit, for a few limits: methods of feedback have shares of their own. Safe for many threads.
class FrequentTermsCache {
  public:
    /// What `find` has found, or finds now.
    template <typename Find>
    std::shared_ptr<const FrequentTerms> get(std::uint64_t most_documents, Find find) {
        const std::lock_guard lock(mutex_);
        const auto known = terms_.find(most_documents);
        if (known != terms_.end()) return known->second;
        if (terms_.size() >= kKept) terms_.clear();
        return terms_[most_documents] = find();
    }

  private:
    static constexpr std::size_t kKept = 16;

    std::mutex mutex_;
    std::map<std::uint64_t, std::shared_ptr<const FrequentTerms>> terms_;
};

}  // namespace rocchio::lexical
