#pragma once
// The inner loops of lexical search, once for each level of instruction set. A level gives the same results
// as every other to the last bit: all arithmetic is on integers.
//
// Rows are grouped into blocks of eight, because the rows of a block that hold a term are then one byte, and
// eight 16-bit sums are one vector register.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace rocchio::kernels {

inline constexpr std::size_t kBlockRows = 8;

/// Blocks come in multiples of this many; arrays by block are padded with zeros.
inline constexpr std::size_t kScanBlocks = 32;

/// Bytes that may be read past the last impact; entries need one more entry after the last.
inline constexpr std::size_t kImpactPadding = 8;

/// What stands at one place of a posting list's directory: which of 64 rows (or blocks) occur, and how many
/// occurred before.
struct DirectoryWord {
    std::uint64_t bits = 0;
    std::uint32_t first = 0;
    std::uint32_t unused = 0;  // keeps a word within one cache line
};

/// A block that holds a rare term.
struct BlockEntry {
    static constexpr unsigned kInline = 3;

    std::uint32_t first = 0;             // place of the block's first posting
    std::uint8_t presence = 0;           // a bit for each row that holds the term
    std::uint8_t impacts[kInline] = {};  // of the first postings: a rare term seldom has more in a block
};

/// "Not there", for places.
inline constexpr std::uint32_t kNowhere = 0xFFFFFFFFu;

/// (value * weight) / 256, rounded down: how a quantised impact counts in a sum.
constexpr std::uint16_t weighted(std::uint8_t value, std::uint16_t weight) {
    return static_cast<std::uint16_t>((std::uint32_t{value} * weight) >> 8);
}

/// Those of some blocks that hold a term: which of them, and their entries.
struct FoundBlocks {
    static constexpr std::size_t kMost = 64;

    std::size_t count = 0;
    std::uint32_t index[kMost];
    std::uint32_t entry[kMost];
};

/// Functions of one level. No pointer may be null; none of the arrays may overlap.
struct BlockKernels {
    const char* name;

    /// sums[i] += weighted(maxima[i], weight) for i < count, a multiple of kScanBlocks.
    void (*add_maxima)(std::uint16_t* sums, const std::uint8_t* maxima, std::size_t count,
                       std::uint16_t weight);

    /// largest[i] = max(largest[i], sums[i]) for i < count, a multiple of kScanBlocks.
    void (*keep_larger)(std::uint16_t* largest, const std::uint16_t* sums, std::size_t count);

    /// Writes the indices i < count with sums[i] > cut, in order; returns how many. `count` is a multiple of
    /// kScanBlocks, and `found` has room for as many.
    std::size_t (*find_above)(std::uint32_t* found, const std::uint16_t* sums, std::size_t count,
                              std::uint16_t cut);

    /// Bit i is set if sums[i] > cut, for i < kBlockRows.
    std::uint32_t (*rows_above)(const std::uint16_t* sums, std::uint16_t cut);

    /// Asks for the impacts that score_by_rows reads.
    void (*ask_by_rows)(const std::uint32_t* blocks, std::size_t count, const DirectoryWord* directory,
                        const std::uint8_t* impacts);

    /// sums[8 j + r] += weighted impact of row r of blocks[j], for j < count; the directory is over rows.
    void (*score_by_rows)(std::uint16_t* sums, const std::uint32_t* blocks, std::size_t count,
                          const DirectoryWord* directory, const std::uint8_t* impacts, std::uint16_t weight);

    /// Finds those of at most kMost blocks that hold the term, and asks for their entries; the directory is
    /// over blocks and counts entries.
    void (*find_blocks)(FoundBlocks& found, const std::uint32_t* blocks, std::size_t count,
                        const DirectoryWord* directory, const BlockEntry* entries);

    /// sums[8 j + r] += weighted impact of row r of found block j.
    void (*score_found)(std::uint16_t* sums, const FoundBlocks& found, const BlockEntry* entries,
                        const std::uint8_t* impacts, std::uint16_t weight);

    /// The same for blocks that have a place in a directory of their own, by going over the entries of a rare
    /// term: sums[8 p + r] += weighted impact of row r of block entry_blocks[i] with place p, for i < count.
    void (*score_entries)(std::uint16_t* sums, const DirectoryWord* places, const std::uint32_t* entry_blocks,
                          const BlockEntry* entries, std::size_t count, const std::uint8_t* impacts,
                          std::uint16_t weight);

    /// sums[rows[i]] += weighted(impacts[i], weight) for i < count; rows are different.
    void (*add_postings)(std::uint16_t* sums, const std::uint16_t* rows, const std::uint8_t* impacts,
                         std::size_t count, std::uint16_t weight);

    /// places[i] = place of the posting of rows[i] or kNowhere, for i < count; the directory is over rows.
    void (*find_by_rows)(std::uint32_t* places, const std::uint32_t* rows, std::size_t count,
                         const DirectoryWord* directory);

    /// The same with a directory over blocks.
    void (*find_by_blocks)(std::uint32_t* places, const std::uint32_t* rows, std::size_t count,
                           const DirectoryWord* directory, const BlockEntry* entries);
};

/// The best level that this processor has, or what the environment variable ROCCHIO_CPU_LEVEL names if this
/// processor has it. Chosen once.
const BlockKernels& block_kernels();

/// All levels that this processor has, the plainest first.
std::vector<const BlockKernels*> available_block_kernels();

}  // namespace rocchio::kernels
