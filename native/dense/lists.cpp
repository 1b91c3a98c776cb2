#include "dense/lists.hpp"

#include <algorithm>
#include <cstring>

namespace rocchio::dense {

namespace {

/// Writes one row into its place of a block.
void pack_row(const CodedRows& coded, const BlockLayout& layout, std::uint32_t row, const float* centroid,
              std::size_t place, std::uint8_t* block, std::vector<float>& residual) {
    decode(coded.codes + row * coded.width, coded.width, coded.constants[row], residual.data());
    for (std::size_t j = 0; j < coded.width; ++j) residual[j] -= centroid[j];
    const float factor = pack_signs(residual.data(), coded.width, place, block);
    std::memcpy(block + layout.factors + 4 * place, &factor, sizeof factor);
    std::memcpy(block + layout.rows + 4 * place, &row, sizeof row);
    if (layout.addends == 0) return;
    const float addend = addend_of(coded.constants[row], Metric::l2);
    std::memcpy(block + layout.addends + 4 * place, &addend, sizeof addend);
}

}  // namespace

std::vector<std::uint8_t> pack_lists(const CodedRows& coded, Metric metric, const CodedRows& centroids,
                                     std::span<const std::uint32_t> rows,
                                     std::span<const std::uint64_t> offsets, std::size_t first,
                                     std::size_t last) {
    const BlockLayout layout(coded.width, metric);
    std::vector<std::uint8_t> packed;
    std::size_t blocks = 0;
    for (std::size_t list = first; list < last; ++list)
        blocks += (offsets[list + 1] - offsets[list] + kernels::kSignRows - 1) / kernels::kSignRows;
    packed.reserve(blocks * layout.bytes);
    std::vector<float> residual(coded.width), centroid(coded.width);
    for (std::size_t list = first; list < last; ++list) {
        decode(centroids.codes + list * coded.width, coded.width, centroids.constants[list], centroid.data());
        for (std::uint64_t begin = offsets[list]; begin < offsets[list + 1]; begin += kernels::kSignRows) {
            const std::size_t start = packed.size();
            packed.resize(start + layout.bytes);
            const auto count = std::min<std::uint64_t>(kernels::kSignRows, offsets[list + 1] - begin);
            for (std::size_t place = 0; place < count; ++place)
                pack_row(coded, layout, rows[begin + place], centroid.data(), place, packed.data() + start,
                         residual);
        }
    }
    return packed;
}

}  // namespace rocchio::dense
