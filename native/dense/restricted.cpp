// An index of some rows of another: what one tenant sees of vectors that many share.

#include <algorithm>
#include <stdexcept>

#include "dense/clusters.hpp"
#include "dense/vector_index.hpp"

namespace rocchio::dense {

VectorIndex VectorIndex::restricted(std::vector<std::uint32_t> chosen, bool listed) const {
    if (std::ranges::adjacent_find(chosen, std::ranges::greater_equal{}) != chosen.end())
        throw std::invalid_argument("expected rows that ascend");
    if (!chosen.empty() && chosen.back() >= rows()) throw std::invalid_argument("a row is past the last");
    auto own = std::make_shared<Own>();
    own->rows = std::move(chosen);
    if (listed && !own->rows.empty()) list(*own);
    VectorIndex index = *this;
    index.own_ = own;
    index.centroid_codes_ = own->centroid_codes;
    index.centroid_constants_ = own->centroid_constants;
    index.sizes_ = own->sizes;
    index.blocks_ = own->blocks;
    const std::uint64_t blocks = own->blocks.size() / layout_.bytes;
    // not assigned from a list: that would keep the space of what was copied
    index.first_blocks_ =
        own->sizes.empty() ? std::vector<std::uint64_t>{0} : std::vector{std::uint64_t{0}, blocks};
    return index;
}

/// Puts all rows into one list around their mean: signs tell more of what rows differ in.
void VectorIndex::list(Own& own) const {
    const std::size_t width = transform_.width();
    std::vector<double> sums(width);
    std::vector<float> values(width);
    for (const std::uint32_t row : own.rows) {
        decode(codes_.data() + row * width, width, constants_[row], values.data());
        for (std::size_t j = 0; j < width; ++j) sums[j] += values[j];
    }
    for (std::size_t j = 0; j < width; ++j)
        values[j] = static_cast<float>(sums[j] / static_cast<double>(own.rows.size()));
    own.centroid_codes.resize(width);
    own.centroid_constants.push_back(encode(values.data(), width, 0.0f, own.centroid_codes.data()));
    own.sizes.push_back(static_cast<std::uint32_t>(own.rows.size()));
    const std::uint64_t offsets[] = {0, own.rows.size()};
    own.blocks = pack_lists({codes_.data(), constants_.data(), width}, transform_.metric(),
                            {own.centroid_codes.data(), own.centroid_constants.data(), width}, own.rows,
                            offsets, 0, 1);
}

std::size_t VectorIndex::own_bytes() const {
    return own_ ? 4 * own_->rows.size() + own_->centroid_codes.size() + own_->blocks.size() : 0;
}

}  // namespace rocchio::dense
