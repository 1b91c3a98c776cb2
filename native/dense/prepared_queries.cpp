#include "dense/prepared_queries.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rocchio::dense {

namespace {

/// More than what rounding takes from a sum of width squares.
constexpr double kRoundUp = 1.0 + 0x1p-20;

/// More than what rounding changes in a difference, as a share of the query's length.
constexpr double kDifferenceError = 0x1p-21;

}  // namespace

PreparedQueries::PreparedQueries(const Transform& transform, std::span<const float> queries)
    : queries_(queries), dim_(transform.dim()), width_(transform.width()) {
    const std::size_t count = queries.size() / dim_;
    values_.resize(count * width_);
    codes_.resize(count * width_);
    std::vector<float> difference(width_);
    for (std::size_t query = 0; query < count; ++query) {
        float* values = values_.data() + query * width_;
        std::int8_t* code = codes_.data() + query * width_;
        const float rounding = transform.query(given(query), values);
        constants_.push_back(encode_signed(values, width_, code));
        const float scale = constants_.back().scale;
        for (std::size_t j = 0; j < width_; ++j)
            difference[j] = values[j] - scale * static_cast<float>(code[j]);
        const auto& kernels = kernels::vector_kernels();
        const double norm = std::sqrt(kernels.dot_float(values, values, width_)) * kRoundUp;
        const double lost =
            std::sqrt(kernels.dot_float(difference.data(), difference.data(), width_)) * kRoundUp;
        const double off = static_cast<double>(rounding) + norm * kDifferenceError;
        errors_.push_back(rounded_up(lost + off));
        norms_.push_back(rounded_up(norm + off));
    }
}

}  // namespace rocchio::dense
