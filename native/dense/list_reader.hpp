#pragma once
// The blocks of inverted lists, one list after another: in memory, or read some at a time.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dense/vector_index.hpp"

namespace rocchio::dense {

/// Blocks that lie together; `first_entry` is the first one's place in its list.
struct BlockRun {
    const std::uint8_t* blocks;
    std::size_t first_entry, entries;
};

class VectorIndex::ListReader {
  public:
    explicit ListReader(const VectorIndex& index) : index_(index) {}

    /// Starts with a list.
    void open(std::size_t list) {
        is_read_ = is_whole_ && list == list_ ? is_read_ : false;
        list_ = list;
        next_ = 0;
    }

    /// The next blocks of the list, checked; valid until the next call. False after the last ones.
    bool next(BlockRun& run);

    /// Says that a list will be opened soon.
    void expect(std::size_t list) const;

    /// Where the first block of a list is, to be asked for from memory; null where it is not there.
    const std::uint8_t* ahead(std::size_t list) const {
        return index_.lists_in_memory_ ? index_.first_block_of(list) : nullptr;
    }

  private:
    const VectorIndex& index_;
    std::size_t list_ = 0, next_ = 0;
    bool is_read_ = false;   // the first blocks of the list are in `bytes_`
    bool is_whole_ = false;  // and all others
    std::vector<std::uint8_t> bytes_;
    ReadBuffer buffer_;
};

}  // namespace rocchio::dense
