#include "lexical/column.hpp"

#include <algorithm>
#include <bit>

#include "base/bitmap.hpp"
#include "base/prefetch.hpp"

namespace rocchio::lexical {

std::uint8_t Column::reached_by(std::size_t k) const {
    if (arrays_.at_least.empty() || k > arrays_.size) return 0;
    // counts fall with the impact: the last one that is at least k
    const auto below =
        std::ranges::partition_point(arrays_.at_least, [k](std::uint32_t count) { return count >= k; });
    return static_cast<std::uint8_t>(below - arrays_.at_least.begin() - 1);
}

void Column::ask_for_beginnings() const {
    const auto ask = [](auto array, std::size_t most_bytes) {
        prefetch(array.data(), std::min(most_bytes, array.size_bytes()));
    };
    ask(arrays_.at_least, 1024);
    ask(arrays_.entry_blocks, 2048);
    ask(arrays_.entry_maxima, 512);
    ask(arrays_.block_maxima, 512);
}

void Column::ask_for_block(std::size_t block) const {
    if (arrays_.shape == ColumnShape::rows) {
        prefetch(arrays_.directory.data() + block * kBlockRows / 64);
    } else if (arrays_.shape == ColumnShape::blocks) {
        prefetch(arrays_.directory.data() + block / 64);
    }
}

bool Column::goes_over_entries(const Queue& queue) const {
    return arrays_.shape == ColumnShape::entries ||
           (arrays_.shape == ColumnShape::blocks &&
            arrays_.entry_blocks.size() <= kEntryCost * queue.blocks.size());
}

void Column::find_blocks(const kernels::BlockKernels& kernels, const Queue& queue,
                         kernels::FoundBlocks& found) const {
    if (arrays_.shape == ColumnShape::rows) {
        kernels.ask_by_rows(queue.blocks.data(), queue.blocks.size(), arrays_.directory.data(),
                            arrays_.impacts.data());
    } else if (!goes_over_entries(queue)) {
        kernels.find_blocks(found, queue.blocks.data(), queue.blocks.size(), arrays_.directory.data(),
                            arrays_.entries.data());
    }
}

void Column::score_blocks(const kernels::BlockKernels& kernels, const Queue& queue,
                          const kernels::FoundBlocks& found, std::uint16_t weight,
                          std::uint16_t* sums) const {
    if (arrays_.shape == ColumnShape::rows) {
        kernels.score_by_rows(sums, queue.blocks.data(), queue.blocks.size(), arrays_.directory.data(),
                              arrays_.impacts.data(), weight);
    } else if (goes_over_entries(queue)) {
        kernels.score_entries(sums, queue.places.data(), arrays_.entry_blocks.data(), arrays_.entries.data(),
                              arrays_.entry_blocks.size(), arrays_.impacts.data(), weight);
    } else {
        kernels.score_found(sums, found, arrays_.entries.data(), arrays_.impacts.data(), weight);
    }
}

Column::Window Column::window(std::size_t number) const {
    const std::size_t begin = arrays_.window_starts[number];
    return {arrays_.window_rows.subspan(begin, arrays_.window_starts[number + 1] - begin),
            arrays_.impacts.data() + begin};
}

void Column::find(const kernels::BlockKernels& kernels, std::span<const std::uint32_t> rows,
                  std::uint32_t* places) const {
    switch (arrays_.shape) {
        case ColumnShape::rows:
            kernels.find_by_rows(places, rows.data(), rows.size(), arrays_.directory.data());
            return;
        case ColumnShape::blocks:
            kernels.find_by_blocks(places, rows.data(), rows.size(), arrays_.directory.data(),
                                   arrays_.entries.data());
            return;
        case ColumnShape::entries:
            find_in_entries(rows, places);
            return;
    }
}

/// Rows come in few ascending runs, so the entries are gone over a few times.
void Column::find_in_entries(std::span<const std::uint32_t> rows, std::uint32_t* places) const {
    std::size_t at = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        places[i] = kernels::kNowhere;
        const auto block = static_cast<std::uint32_t>(rows[i] / kBlockRows);
        if (i > 0 && rows[i] < rows[i - 1]) at = 0;
        while (at < arrays_.entry_blocks.size() && arrays_.entry_blocks[at] < block) ++at;
        if (at == arrays_.entry_blocks.size() || arrays_.entry_blocks[at] != block) continue;
        const unsigned bit = 1u << rows[i] % kBlockRows;
        if ((arrays_.entries[at].presence & bit) == 0) continue;
        const unsigned before = arrays_.entries[at].presence & (bit - 1);
        places[i] = arrays_.entries[at].first + static_cast<std::uint32_t>(std::popcount(before));
    }
}

std::uint32_t Column::escaped_code(std::uint32_t place) const {
    return std::ranges::lower_bound(arrays_.escapes, place, {}, &EscapedCode::place)->code;
}

std::uint64_t Column::live_size(std::span<const std::uint8_t> live) const {
    if (live.empty()) return size();
    std::uint64_t count = 0;
    for (std::size_t w = 0; w + 1 < arrays_.window_starts.size(); ++w) {
        for (const std::uint16_t row : window(w).rows)
            count += bit_is_set(live, w * kWindowRows + row) ? 1 : 0;
    }
    return count;
}

std::size_t Column::memory_bytes() const {
    return sizeof(Column) + (owned_ ? arrays_.memory_bytes() : 0);
}

}  // namespace rocchio::lexical
