#pragma once
// Columns of one segment for one scoring, made when a term is first searched, and dropped when they take too
// much memory.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "lexical/column.hpp"

namespace rocchio::lexical {

/// Bytes that the columns of all segments of a searcher may take together.
class MemoryBudget {
  public:
    explicit MemoryBudget(std::size_t bytes) : bytes_(bytes) {}

    void take(std::size_t bytes) { used_ += bytes; }
    void give_back(std::size_t bytes) { used_ -= bytes; }
    bool is_exceeded() const { return used_ > bytes_; }
    std::size_t used() const { return used_; }

  private:
    std::size_t bytes_;
    std::atomic<std::size_t> used_ = 0;
};

/// Safe for many threads. `segment` and `scoring` must outlive the cache.
class ColumnCache {
  public:
    ColumnCache(const Segment& segment, const Scoring& scoring, std::span<const double> field_weights,
                MemoryBudget& budget);

    ColumnCache(const ColumnCache&) = delete;
    ColumnCache& operator=(const ColumnCache&) = delete;

    /// The column of a term. When the budget is exceeded, all columns that nobody holds are forgotten first.
    std::shared_ptr<const Column> column(std::uint32_t term);

    ColumnScoring scoring() const { return {scoring_, tf_by_code_, norms_}; }

    /// By row: its place in the order of doc_ids.
    std::span<const std::uint32_t> ranks() const { return ranks_; }

  private:
    const Segment& segment_;
    const Scoring& scoring_;
    MemoryBudget& budget_;
    std::vector<double> tf_by_code_;
    std::vector<double> norms_;  // by row
    std::vector<std::uint32_t> ranks_;
    std::mutex mutex_;
    std::unordered_map<std::uint32_t, std::shared_ptr<const Column>> columns_;
};

}  // namespace rocchio::lexical
