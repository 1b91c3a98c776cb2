// An index of some rows of another: what one tenant sees of vectors that many share.

#include <algorithm>
#include <cstring>
#include <numeric>
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
    index.lists_in_memory_ = true;
    const std::uint64_t blocks = own->blocks.size() / layout_.bytes;
    // not assigned from a list: that would keep the space of what was copied
    index.first_blocks_ =
        own->sizes.empty() ? std::vector<std::uint64_t>{0} : std::vector{std::uint64_t{0}, blocks};
    return index;
}

/// Calls `use` with the codes of some rows at a time, whole blocks of them.
template <typename Use>
void VectorIndex::for_tiles(std::span<const std::uint32_t> chosen, Use use) const {
    const std::size_t width = transform_.width(), most = tile_rows(width);
    std::vector<std::uint8_t> codes;
    std::vector<RowConstants> constants;
    ReadBuffer buffer;
    for (std::size_t first = 0; first < chosen.size(); first += most) {
        const auto some = chosen.subspan(first, std::min(most, chosen.size() - first));
        codes.resize(some.size() * width);
        codes_.gather(some, codes.data(), buffer, false);
        constants.clear();
        for (const std::uint32_t row : some) constants.push_back(constants_[row]);
        use(CodedRows{codes.data(), constants.data(), width}, some);
    }
}

/// Puts all rows into one list around their mean: signs tell more of what rows differ in.
void VectorIndex::list(Own& own) const {
    const std::size_t width = transform_.width();
    std::vector<double> sums(width);
    std::vector<float> values(width);
    for_tiles(own.rows, [&](const CodedRows& coded, std::span<const std::uint32_t> rows) {
        for (std::size_t i = 0; i < rows.size(); ++i) {
            decode(coded.codes + i * width, width, coded.constants[i], values.data());
            for (std::size_t j = 0; j < width; ++j) sums[j] += values[j];
        }
    });
    for (std::size_t j = 0; j < width; ++j)
        values[j] = static_cast<float>(sums[j] / static_cast<double>(own.rows.size()));
    own.centroid_codes.resize(width);
    own.centroid_constants.push_back(encode(values.data(), width, 0.0f, own.centroid_codes.data()));
    own.sizes.push_back(static_cast<std::uint32_t>(own.rows.size()));
    const std::size_t blocks = (own.rows.size() + kernels::kSignRows - 1) / kernels::kSignRows;
    own.blocks.reserve(blocks * layout_.bytes);
    const CodedRows centroid{own.centroid_codes.data(), own.centroid_constants.data(), width};
    for_tiles(own.rows, [&](const CodedRows& coded, std::span<const std::uint32_t> rows) {
        std::vector<std::uint32_t> places(rows.size());
        std::iota(places.begin(), places.end(), 0u);
        const std::uint64_t offsets[] = {0, rows.size()};
        std::vector<std::uint8_t> packed =
            pack_lists(coded, transform_.metric(), centroid, places, offsets, 0, 1);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            std::uint8_t* block = packed.data() + i / kernels::kSignRows * layout_.bytes;
            std::memcpy(block + layout_.rows + 4 * (i % kernels::kSignRows), &rows[i], sizeof rows[i]);
        }
        own.blocks.insert(own.blocks.end(), packed.begin(), packed.end());
    });
}

std::size_t VectorIndex::own_bytes() const {
    return own_ ? 4 * own_->rows.size() + own_->centroid_codes.size() + own_->blocks.size() : 0;
}

}  // namespace rocchio::dense
