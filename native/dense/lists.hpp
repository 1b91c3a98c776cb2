#pragma once
// Inverted lists of sign codes, in blocks of 32 rows:
//
//   signs (width / 4 * 16 bytes) | factors (32 float32) | addends (32 float32, for distances only) | rows (32
//   uint32)

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dense/clusters.hpp"
#include "dense/metric.hpp"
#include "dense/sign_code.hpp"

namespace rocchio::dense {

/// Where things are in a block.
struct BlockLayout {
    std::size_t groups, factors, addends, rows, bytes;

    BlockLayout(std::size_t width, Metric metric)
        : groups(width / kernels::kSignGroup),
          factors(sign_bytes(width)),
          addends(metric == Metric::l2 ? factors + 4 * kernels::kSignRows : 0),
          rows((addends != 0 ? addends : factors) + 4 * kernels::kSignRows),
          bytes(rows + 4 * kernels::kSignRows) {}

    const float* factors_of(const std::uint8_t* block) const {
        return reinterpret_cast<const float*>(block + factors);
    }
    const float* addends_of(const std::uint8_t* block) const {
        return addends != 0 ? reinterpret_cast<const float*>(block + addends) : nullptr;
    }
    const std::uint32_t* rows_of(const std::uint8_t* block) const {
        return reinterpret_cast<const std::uint32_t*>(block + rows);
    }
};

/// The blocks of lists [first, last); list l has the rows [offsets[l], offsets[l + 1]) and centroid l.
std::vector<std::uint8_t> pack_lists(const CodedRows& coded, Metric metric, const CodedRows& centroids,
                                     std::span<const std::uint32_t> rows,
                                     std::span<const std::uint64_t> offsets, std::size_t first,
                                     std::size_t last);

}  // namespace rocchio::dense
