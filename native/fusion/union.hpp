#pragma once
// The documents of several ranked lists, each once.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rocchio::fusion {

/// The union of lists of documents, in the order of their first appearance.
struct DocumentUnion {
    /// Where each document appears first: its place in all lists, one after the other.
    std::vector<std::int64_t> first;
    /// For each list, where its documents stand in the union.
    std::vector<std::vector<std::int64_t>> places;
};

/// Documents are any numbers. Throws invalid_argument if a list has one twice.
DocumentUnion union_of(std::span<const std::span<const std::uint64_t>> lists);

}  // namespace rocchio::fusion
