#pragma once
// Terms that were searched, with their columns in every segment. Dropped all at once when they take too much
// memory: what a batch holds stays alive as long as the batch does.

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lexical/column.hpp"

namespace rocchio::lexical {

/// A term as found in the segments of a searcher.
struct Term {
    struct InSegment {
        std::uint32_t segment;
        std::uint32_t id;
        std::unique_ptr<const Column> column;
    };

    std::uint64_t document_frequency = 0;  // live matching documents
    double idf = 0.0;
    std::vector<InSegment> segments;  // those that hold the term, in order

    std::size_t memory_bytes() const;
};

/// Safe for many threads.
class TermCache {
  public:
    explicit TermCache(std::size_t memory_limit) : memory_limit_(memory_limit) {}

    /// The term, or null if it is not here.
    std::shared_ptr<const Term> find(std::string_view term) const;

    /// Keeps a term, unless another thread was faster; returns the one that is kept.
    std::shared_ptr<const Term> keep(std::string_view term, std::shared_ptr<const Term> made);

    std::size_t memory_bytes() const;

  private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };

    std::size_t memory_limit_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, std::shared_ptr<const Term>, Hash, std::equal_to<>> terms_;
    std::size_t memory_bytes_ = 0;
};

}  // namespace rocchio::lexical
