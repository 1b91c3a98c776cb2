#pragma once
// The terms of a document as bits. Terms are numbered by how many documents have them, the most frequent
// first (their rank); a row is the gaps between its ranks, and the frequency codes (docs/formats/lexical.md).

#include <cstdint>
#include <span>
#include <vector>

#include "base/checked_file.hpp"

namespace rocchio::lexical {

/// The terms by rank: most documents first, equal ones in the order of their numbers. `counts` has the
/// postings before each term, and their number at the end.
std::vector<std::uint32_t> order_by_frequency(std::span<const std::uint64_t> counts);

/// The rank of each term: the inverse of `order`.
std::vector<std::uint32_t> ranks_of(std::span<const std::uint32_t> order);

/// A number with its frequency code, in one word that sorts by the number: a term or a rank of a document.
struct Coded {
    static std::uint64_t join(std::uint32_t number, std::uint32_t code) {
        return std::uint64_t{number} << 32 | code;
    }
    static std::uint32_t number(std::uint64_t coded) { return static_cast<std::uint32_t>(coded >> 32); }
    static std::uint32_t code(std::uint64_t coded) { return static_cast<std::uint32_t>(coded); }
};

/// Appends a row to `bytes`; `ranks` are increasing, coded ranks.
void encode_row(std::span<const std::uint64_t> ranks, std::vector<std::uint8_t>& bytes);

/// Fills `ranks` with the row at bytes [begin, end): ranks below `term_count`, codes below `code_count`.
/// Throws Corruption.
void decode_row(const CheckedArray<std::uint8_t>& bytes, std::uint64_t begin, std::uint64_t end,
                std::uint64_t term_count, std::uint64_t code_count, std::vector<std::uint64_t>& ranks);

}  // namespace rocchio::lexical
