#pragma once
// What the kernels are given to search one segment, and what they give back.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bitmap.hpp"
#include "lexical/column.hpp"
#include "lexical/scoring.hpp"
#include "lexical/segment.hpp"

namespace rocchio::lexical {

/// Rows that may be returned, packed bits; empty means all.
using AllowedRows = std::span<const std::uint8_t>;

/// A term of a query as found in one segment.
struct QueryTerm {
    std::uint32_t term;
    const Column* column;
    double weight;  // query weight times idf
};

/// One answer. The score is the float32 rounding of a double sum over the query's terms in their order, so it
/// does not depend on the kernel, the segmentation or the CPU.
struct Scored {
    float score;
    std::uint32_t segment;
    std::uint32_t row;
};

struct SegmentQuery {
    std::uint32_t segment_index;
    const Segment& segment;
    ColumnScoring scoring;
    std::span<const QueryTerm> terms;
    AllowedRows allowed;  // without deleted rows
    double constant;      // added to every matching document (BM25L, BM25+)
    std::size_t k;
    double alpha = 1.0;  // the pruned kernel skips blocks that alpha times their bound rules out; 1 is exact

    std::size_t rows() const { return scoring.norm_by_row.size(); }
    bool is_allowed(std::uint32_t row) const { return allowed.empty() || bit_is_set(allowed, row); }

    /// Whether any of the rows [first, first + count) may be returned; both numbers are multiples of eight.
    bool any_allowed(std::size_t first, std::size_t count) const {
        return allowed.empty() || any_bit_is_set(allowed, first / 8, count / 8);
    }

    /// Blocks of eight rows, a byte of the mask each, that hold a row that may be returned.
    std::size_t allowed_blocks() const {
        if (allowed.empty()) return bitmap_bytes(rows());
        return static_cast<std::size_t>(std::ranges::count_if(allowed, [](auto byte) { return byte != 0; }));
    }

    /// What a term adds to the score of a row with this length norm; the only place where it is computed
    /// exactly.
    double contribution(const QueryTerm& term, std::uint32_t code, double norm) const {
        return term.weight * scoring.scoring.tf_part_of_norm(scoring.tf_by_code[code], norm);
    }
};

}  // namespace rocchio::lexical
