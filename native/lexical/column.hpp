#pragma once
// The eager column of one term: its contributions to scores, computed ahead and quantised to a byte each, in
// an order made for search (Lù, "BM25S", 2024, computes them ahead; Mallia, Suel and Tonellotto, "Faster
// Learned Sparse Retrieval with Block-Max Pruning", SIGIR 2024, bound whole blocks of documents by their
// maxima).
//
// A column is a cache. What is on disk are frequencies and lengths; a column holds for one scoring and one
// average length, and is derived again when these change.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/arena.hpp"
#include "kernels/block_kernels.hpp"
#include "lexical/scoring.hpp"
#include "lexical/segment.hpp"

namespace rocchio::lexical {

using kernels::kBlockRows;

/// Blocks of a segment, padded so that kernels can scan them in whole steps.
constexpr std::size_t padded_blocks(std::size_t rows) {
    const std::size_t step = kBlockRows * kernels::kScanBlocks;
    return (rows + step - 1) / step * kernels::kScanBlocks;
}

/// What turns postings of a segment into contributions.
struct ColumnScoring {
    const Scoring& scoring;
    std::span<const double>
        tf_by_code;  // boosted frequency by code; 0 where the term is in no searched field
    std::span<const double> norm_by_row;  // Scoring::length_norm of the boosted length
};

/// How a column is looked into, by how frequent the term is: a word for 64 rows; a word for 64 blocks, which
/// leads to entries for the blocks that hold the term; entries alone, found by going over them.
enum class ColumnShape : std::uint8_t { rows, blocks, entries };

/// A frequency code that does not fit a byte.
struct EscapedCode {
    std::uint32_t place;
    std::uint32_t code;
};

/// The arrays of a column, wherever they are: in memory of its own or in a mapped file.
struct ColumnArrays {
    static constexpr std::uint8_t kEscape = 255;
    static constexpr std::size_t kWindowRows = 16384;  // 32 KB of sums

    ColumnShape shape = ColumnShape::entries;
    std::uint32_t size = 0;
    double unit = 0.0;
    std::span<const kernels::DirectoryWord> directory;
    std::span<const kernels::BlockEntry> entries;  // by block that holds the term, and two more
    std::span<const EscapedCode> escapes;          // by place, for codes that are kEscape
    std::span<const std::uint32_t> window_starts;  // place of the first posting of each window, and the end
    std::span<const std::uint32_t> at_least;       // by impact: postings that reach it; empty if few
    std::span<const std::uint32_t> entry_blocks;
    std::span<const std::uint16_t> window_rows;  // by place: the row less the first one of its window
    std::span<const std::uint8_t> impacts;       // by place, padded
    std::span<const std::uint8_t> codes;         // by place
    std::span<const std::uint8_t> block_maxima;
    std::span<const std::uint8_t> entry_maxima;

    std::size_t memory_bytes() const {
        return directory.size_bytes() + entries.size_bytes() + escapes.size_bytes() +
               window_starts.size_bytes() + at_least.size_bytes() + entry_blocks.size_bytes() +
               window_rows.size_bytes() + impacts.size_bytes() + codes.size_bytes() +
               block_maxima.size_bytes() + entry_maxima.size_bytes();
    }
};

/// Which arrays a column has, and how long they are: this follows from a few numbers.
struct ColumnSizes {
    /// A column with `size` postings and entries for `entry_blocks` blocks in a segment of `segment_rows`.
    ColumnSizes(std::size_t size, std::size_t entry_blocks, std::size_t segment_rows);

    ColumnShape shape;
    std::size_t directory;
    std::size_t entries;
    std::size_t window_starts;
    std::size_t at_least;
    std::size_t block_maxima;
};

class Column {
  public:
    /// Bytes read for a posting in a window (row, impact), for a look into a block (directory, impacts), and
    /// for finding a row (directory, code).
    static constexpr std::size_t kWindowBytes = 3;
    static constexpr std::size_t kLookBytes = 24;
    static constexpr std::size_t kFindBytes = 17;

    /// Computed from a list; postings whose boosted frequency is 0 are left out. The arrays lie in `memory`.
    Column(const PostingList& list, const ColumnScoring& scoring, Arena& memory);

    /// Over arrays that were checked and live elsewhere.
    explicit Column(const ColumnArrays& arrays) : arrays_(arrays) {}

    const ColumnArrays& arrays() const { return arrays_; }

    /// Matching rows that are not deleted; `live` has a bit for each row, or is empty when none is deleted.
    std::uint64_t live_size(std::span<const std::uint8_t> live) const;

    /// Matching rows, deleted ones included.
    std::uint32_t size() const { return arrays_.size; }

    /// A contribution is at most impact * unit, and more than (impact - 1) * unit. Impacts are 1 to 255.
    double unit() const { return arrays_.unit; }

    /// Maxima of the impacts by block, padded with zeros; empty if the term is rare, and then the entries
    /// tell.
    std::span<const std::uint8_t> block_maxima() const { return arrays_.block_maxima; }

    std::span<const std::uint32_t> entry_blocks() const { return arrays_.entry_blocks; }
    std::span<const std::uint8_t> entry_maxima() const { return arrays_.entry_maxima; }

    /// Asks for what a search reads first: the beginnings of arrays. Reading on, the processor fetches ahead.
    void ask_for_beginnings() const;

    /// Blocks of rows to be scored together, which ascend, and a directory of their places.
    struct Queue {
        std::span<const std::uint32_t> blocks;
        std::span<const kernels::DirectoryWord> places;
    };

    // Three steps score the blocks of a queue. Each asks for the memory that the next one reads, so that
    // waiting for it overlaps when a step is done for all terms of a query before the next.

    /// For one of at most FoundBlocks::kMost blocks.
    void ask_for_block(std::size_t block) const;

    void find_blocks(const kernels::BlockKernels& kernels, const Queue& queue,
                     kernels::FoundBlocks& found) const;

    /// sums[8 j + r] += weighted impact of row r of block j of the queue.
    void score_blocks(const kernels::BlockKernels& kernels, const Queue& queue,
                      const kernels::FoundBlocks& found, std::uint16_t weight, std::uint16_t* sums) const;

    /// An impact that at least k postings reach; 0 if that is not known.
    std::uint8_t reached_by(std::size_t k) const;

    /// The postings of a window of rows, in order: rows less the window's first one, and impacts.
    struct Window {
        std::span<const std::uint16_t> rows;
        const std::uint8_t* impacts;
    };

    /// The postings in rows [w kWindowRows, (w + 1) kWindowRows) for window w.
    Window window(std::size_t number) const;

    static constexpr std::size_t kWindowRows = ColumnArrays::kWindowRows;

    /// places[i] = where rows[i] stands among the postings, or kernels::kNowhere.
    void find(const kernels::BlockKernels& kernels, std::span<const std::uint32_t> rows,
              std::uint32_t* places) const;

    /// The frequency code at a place.
    std::uint32_t code(std::uint32_t place) const {
        const std::uint8_t code = arrays_.codes[place];
        return code != ColumnArrays::kEscape ? code : escaped_code(place);
    }

    /// Memory that is the column's own.
    std::size_t memory_bytes() const;

  private:
    static constexpr std::size_t kEntryCost = 3;  // entries gone over in the time of a lookup

    bool goes_over_entries(const Queue& queue) const;
    void find_in_entries(std::span<const std::uint32_t> rows, std::uint32_t* places) const;
    std::uint32_t escaped_code(std::uint32_t place) const;

    ColumnArrays arrays_;
    std::shared_ptr<const std::byte> owned_;  // what the arrays are in, if it is the column's own
};

}  // namespace rocchio::lexical
