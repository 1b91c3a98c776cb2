#pragma once
// Codes of eight bits a dimension with a scale of their own for each vector (LVQ-8: Aguerrebere et al.,
// "Similarity search in the blink of an eye with compressed indices", VLDB 2023), and queries as signed
// bytes, so that estimates are sums of products of integers.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "dense/metric.hpp"
#include "kernels/vector_kernels.hpp"

namespace rocchio::dense {

using kernels::RowConstants;

/// The least float that is not less, or the largest.
inline float rounded_up(double value) {
    if (value >= static_cast<double>(std::numeric_limits<float>::max()))
        return std::numeric_limits<float>::max();
    const auto near = static_cast<float>(value);
    return static_cast<double>(near) < value ? std::nextafter(near, std::numeric_limits<float>::infinity())
                                             : near;
}

/// Writes the code of `values` (`width` of them), which are themselves off by `error` at most.
RowConstants encode(const float* values, std::size_t width, float error, std::uint8_t* code);

/// How often a row's half_square counts in its ranking value (metric.hpp).
inline float half_squares_of(Metric metric) {
    return metric == Metric::l2 ? -1.0f : 0.0f;
}

/// What counts in a row's ranking value beside its product with the query.
inline float addend_of(const RowConstants& row, Metric metric) {
    return half_squares_of(metric) * row.half_square;
}

/// values = scale * code + low.
void decode(const std::uint8_t* code, std::size_t width, const RowConstants& constants, float* values);

/// A vector as signed bytes: about scale * code.
struct SignedCode {
    float scale = 0.0f;
    std::int32_t sum = 0;  // of the code

    /// <vector, row>, from the sum of products of the codes.
    float product(std::int32_t dot, const RowConstants& row) const {
        return scale * (row.scale * static_cast<float>(dot) + row.low * static_cast<float>(sum));
    }
};

/// Writes the signed code of `values`. All zeros have scale 0.
SignedCode encode_signed(const float* values, std::size_t width, std::int8_t* code);

}  // namespace rocchio::dense
