// Opening an index: everything in it is verified and checked before anything is computed from it.

#include <algorithm>
#include <cmath>
#include <string>

#include "dense/list_reader.hpp"
#include "dense/vector_index.hpp"

namespace rocchio::dense {

namespace {

/// No number of a decoded row may be larger: sums and products of what is below this stay floats. Vectors
/// that were accepted are below (1e15 in each of at most 65536 dimensions).
constexpr float kLargest = 0x1p60f;

bool is_sound(const RowConstants& row) {
    return row.scale >= 0.0f && row.scale * 255.0f <= kLargest && std::fabs(row.low) <= kLargest &&
           row.half_square >= 0.0f && row.half_square <= kLargest * kLargest && row.error >= 0.0f &&
           std::isfinite(row.error);
}

void check_codes(const CodeArrays& codes, std::size_t width) {
    if (codes.codes.size() % width != 0 || codes.codes.size() / width != codes.constants.size())
        codes.codes.fail(0, "expected " + std::to_string(width) + " codes for each row");
    const auto constants = codes.constants.all();
    const auto odd = std::find_if_not(constants.begin(), constants.end(), is_sound);
    if (odd != constants.end())
        codes.constants.fail(static_cast<std::size_t>(odd - constants.begin()),
                             "a code's constants are out of range");
}

/// The first block of each list, and the end.
std::vector<std::uint64_t> blocks_of(const ListArrays& lists, std::size_t block_bytes) {
    std::vector<std::uint64_t> first{0};
    for (const std::uint32_t size : lists.sizes.all())
        first.push_back(first.back() + (std::uint64_t{size} + kernels::kSignRows - 1) / kernels::kSignRows);
    if (lists.blocks.size() % block_bytes != 0 || first.back() != lists.blocks.size() / block_bytes)
        lists.blocks.fail(0, "expected as many blocks as the sizes of lists say");
    return first;
}

}  // namespace

VectorIndex::VectorIndex(Transform transform, Originals originals, const CodeArrays& codes,
                         const ListArrays& lists, InMemory in_memory)
    : transform_(std::move(transform)),
      originals_(std::move(originals)),
      layout_(transform_.width(), transform_.metric()),
      checked_codes_(codes),
      checked_lists_(lists),
      codes_(codes.codes, transform_.width(), in_memory.codes),
      lists_in_memory_(in_memory.lists) {
    check_codes(codes, transform_.width());
    check_codes(lists.centroids, transform_.width());
    if (lists.centroids.constants.size() != lists.sizes.size())
        lists.sizes.fail(0, "expected a size for each centroid");
    if (codes.constants.size() != originals_.rows())
        codes.constants.fail(0, "expected as many codes as original vectors");
    first_blocks_ = blocks_of(lists, layout_.bytes);
    constants_ = codes.constants.all();
    centroid_codes_ = lists.centroids.codes.all();
    centroid_constants_ = lists.centroids.constants.all();
    sizes_ = lists.sizes.all();
    if (lists_in_memory_) {
        blocks_ = lists.blocks.all();
        for (std::size_t list = 0; list < sizes_.size(); ++list) {
            for (std::size_t block = first_blocks_[list]; block < first_blocks_[list + 1]; ++block) {
                const std::size_t before = (block - first_blocks_[list]) * kernels::kSignRows;
                check_block(blocks_.data() + block * layout_.bytes, sizes_[list] - before, block);
            }
        }
    }
    sum_up();
}

/// Checks a block, the `number`-th of all, with so many entries or more.
void VectorIndex::check_block(const std::uint8_t* block, std::size_t entries, std::size_t number) const {
    const auto fail = [&](const char* reason) { checked_lists_.blocks.fail(number * layout_.bytes, reason); };
    for (std::size_t i = 0; i < kernels::kSignRows; ++i) {
        if (!std::isfinite(layout_.factors_of(block)[i])) fail("a factor is not finite");
        if (layout_.addends != 0 && !std::isfinite(layout_.addends_of(block)[i]))
            fail("an addend is not finite");
        if (i < entries && layout_.rows_of(block)[i] >= rows()) fail("a list names a row past the last");
    }
}

/// What bounds of errors need to know of all rows.
void VectorIndex::sum_up() {
    double errors = 0.0, norms = 0.0, largest = 0.0, largest_square = 0.0;
    for (const RowConstants& row : constants_) {
        const double low = row.low, high = 255.0 * static_cast<double>(row.scale) + low,
                     square = 2.0 * row.half_square;
        errors += row.error;
        norms += std::sqrt(square);
        largest = std::max({largest, std::fabs(low), std::fabs(high)});
        largest_square = std::max(largest_square, square);
    }
    largest_norm_ = static_cast<float>(largest * std::sqrt(static_cast<double>(transform_.width())));
    if (transform_.metric() == Metric::l2) largest_addend_ = static_cast<float>(largest_square / 2);
    if (rows() == 0) return;
    mean_error_ = static_cast<float>(errors / static_cast<double>(rows()));
    mean_norm_ = static_cast<float>(norms / static_cast<double>(rows()));
}

std::vector<std::uint32_t> VectorIndex::listed_rows() const {
    std::vector<std::uint32_t> rows;
    ListReader reader(*this);
    for (std::size_t list = 0; list < lists(); ++list) {
        reader.open(list);
        for (BlockRun run; reader.next(run);) {
            for (std::size_t entry = 0; entry < run.entries; ++entry) {
                const std::uint8_t* block = run.blocks + entry / kernels::kSignRows * layout_.bytes;
                rows.push_back(layout_.rows_of(block)[entry % kernels::kSignRows]);
            }
        }
    }
    return rows;
}

}  // namespace rocchio::dense
