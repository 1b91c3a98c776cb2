#include "dense/list_reader.hpp"

#include <algorithm>

namespace rocchio::dense {

void VectorIndex::ListReader::expect(std::size_t list) const {
    if (index_.lists_in_memory_) return;
    const std::size_t block_bytes = index_.layout_.bytes;
    index_.checked_lists_.blocks.expect(index_.first_blocks_[list] * block_bytes,
                                        index_.first_blocks_[list + 1] * block_bytes);
}

bool VectorIndex::ListReader::next(BlockRun& run) {
    const std::size_t size = index_.sizes_[list_];
    if (next_ >= size) return false;
    if (index_.lists_in_memory_) {
        run = {index_.first_block_of(list_), 0, size};
        next_ = size;
        return true;
    }
    const std::size_t block_bytes = index_.layout_.bytes;
    const std::size_t most = std::max<std::size_t>(kTileBytes / block_bytes, 1) * kernels::kSignRows;
    const std::size_t entries = std::min(most, size - next_);
    if (!is_read_ || next_ > 0) {
        const std::size_t first = index_.first_blocks_[list_] + next_ / kernels::kSignRows;
        const std::size_t blocks = (entries + kernels::kSignRows - 1) / kernels::kSignRows;
        is_read_ = false;
        bytes_.resize(blocks * block_bytes);
        index_.checked_lists_.blocks.read(first * block_bytes, (first + blocks) * block_bytes, bytes_.data(),
                                          buffer_);
        for (std::size_t block = 0; block < blocks; ++block)
            index_.check_block(bytes_.data() + block * block_bytes, entries - block * kernels::kSignRows,
                               first + block);
        is_read_ = next_ == 0;
        is_whole_ = entries == size;
    }
    run = {bytes_.data(), next_, entries};
    next_ += entries;
    return true;
}

}  // namespace rocchio::dense
