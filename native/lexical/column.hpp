#pragma once
// The eager column of one term: its contributions to scores, computed ahead and quantised to a byte each, in
// an order made for search (Lù, "BM25S", 2024, computes them ahead; Mallia, Suel and Tonellotto, "Faster
// Learned Sparse Retrieval with Block-Max Pruning", SIGIR 2024, bound whole blocks of documents by their
// maxima).
//
// A column is a cache. What is on disk are frequencies and lengths; a column holds for one scoring and one
// average length, and is derived again when these change.

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

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

class Column {
  public:
    /// Bytes read for a posting in a window (row, impact), for a look into a block (directory, impacts), and
    /// for finding a row (directory, code).
    static constexpr std::size_t kWindowBytes = 3;
    static constexpr std::size_t kLookBytes = 24;
    static constexpr std::size_t kFindBytes = 17;

    /// Postings whose boosted frequency is 0 are left out.
    Column(const PostingList& list, const ColumnScoring& scoring);

    /// Matching rows, deleted ones included.
    std::uint32_t size() const { return size_; }

    /// A contribution is at most impact * unit, and more than (impact - 1) * unit. Impacts are 1 to 255.
    double unit() const { return unit_; }

    /// Maxima of the impacts by block, padded with zeros; empty if the term is rare, and then the entries
    /// tell.
    std::span<const std::uint8_t> block_maxima() const { return block_maxima_; }

    /// Whether every block has a place in the directory; if not, only blocks that hold the term have an
    /// entry.
    bool is_directory_over_rows() const { return shape_ == Shape::rows; }

    std::span<const std::uint32_t> entry_blocks() const { return entry_blocks_; }
    std::span<const std::uint8_t> entry_maxima() const { return entry_maxima_; }

    /// sums[8 j + r] += weighted impact of row r of blocks[j]; blocks ascend, and `places` is their
    /// directory.
    void score_blocks(const kernels::BlockKernels& kernels, std::span<const std::uint32_t> blocks,
                      std::span<const kernels::DirectoryWord> places, std::uint16_t weight,
                      std::uint16_t* sums) const;

    /// An impact that at least k postings reach; 0 if that is not known.
    std::uint8_t reached_by(std::size_t k) const;

    /// The postings of a window of rows, in order: rows less the window's first one, and impacts.
    struct Window {
        std::span<const std::uint16_t> rows;
        const std::uint8_t* impacts;
    };

    /// The postings in rows [w kWindowRows, (w + 1) kWindowRows) for window w.
    Window window(std::size_t number) const;

    static constexpr std::size_t kWindowRows = 16384;  // 32 KB of sums

    /// places[i] = where rows[i] stands among the postings, or kernels::kNowhere.
    void find(const kernels::BlockKernels& kernels, std::span<const std::uint32_t> rows,
              std::uint32_t* places) const;

    /// The frequency code at a place.
    std::uint32_t code(std::uint32_t place) const {
        const std::uint8_t code = codes_[place];
        return code != kEscape ? code : escaped_code(place);
    }

    std::size_t memory_bytes() const;

  private:
    // Three shapes, by how frequent the term is: a word for 64 rows; a word for 64 blocks, which leads to
    // entries for the blocks that hold the term; entries alone, found by binary search.
    enum class Shape : std::uint8_t { rows, blocks, entries };

    static constexpr std::uint8_t kEscape = 255;
    static constexpr std::uint32_t kMaximaShare = 64;    // block maxima pay above rows / 64 postings
    static constexpr std::uint32_t kRowsShare = 16;      // a directory over rows above rows / 16
    static constexpr std::uint32_t kEntriesShare = 512;  // no directory below rows / 512
    static constexpr std::size_t kFewPostings = 512;     // impacts are not counted below
    static constexpr std::size_t kEntryCost = 8;         // entries gone over in the time of a lookup

    void quantise(const PostingList& list, const ColumnScoring& scoring, std::vector<std::uint32_t>& rows);
    void store_code(std::uint32_t code);
    void fill_maxima(std::span<const std::uint32_t> rows, std::size_t segment_rows);
    void fill_entries(std::span<const std::uint32_t> rows);
    void fill_directory(std::span<const std::uint32_t> places, std::size_t size);
    void count_impacts();
    void fill_windows(std::span<const std::uint32_t> rows, std::size_t segment_rows);
    void find_in_entries(std::span<const std::uint32_t> rows, std::uint32_t* places) const;
    std::uint32_t escaped_code(std::uint32_t place) const;

    Shape shape_ = Shape::entries;
    std::uint32_t size_ = 0;
    double unit_ = 0.0;
    std::vector<std::uint32_t> window_starts_;  // place of the first posting of each window, and the end
    std::vector<std::uint16_t> window_rows_;    // by place: the row less the first one of its window
    std::vector<std::uint8_t> impacts_;         // by place, padded
    std::vector<std::uint32_t> at_least_;       // by impact: postings that reach it; empty if there are few
    std::vector<std::uint8_t> codes_;           // by place; kEscape leads to escapes_
    std::vector<std::pair<std::uint32_t, std::uint32_t>> escapes_;  // (place, code)
    std::vector<std::uint8_t> block_maxima_;
    std::vector<kernels::DirectoryWord> directory_;
    std::vector<std::uint32_t> entry_blocks_;
    std::vector<std::uint8_t> entry_maxima_;
    std::vector<kernels::BlockEntry> entries_;  // by block that holds the term, and two more
};

}  // namespace rocchio::lexical
