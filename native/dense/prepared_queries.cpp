#include "dense/prepared_queries.hpp"

#include <cmath>

namespace rocchio::dense {

namespace {

/// More than what rounding takes from a sum of width squares.
constexpr double kRoundUp = 1.0 + 0x1p-20;

}  // namespace

PreparedQueries::PreparedQueries(const Transform& transform, std::span<const float> queries)
    : queries_(queries), dim_(transform.dim()), width_(transform.width()) {
    const std::size_t count = queries.size() / dim_;
    values_.resize(count * width_);
    codes_.resize(count * width_);
    for (std::size_t query = 0; query < count; ++query) {
        float* values = values_.data() + query * width_;
        std::int8_t* code = codes_.data() + query * width_;
        const float rounding = transform.query(given(query), values);
        constants_.push_back(encode_signed(values, width_, code));
        const double scale = constants_.back().scale;
        double lost = 0.0, square = 0.0;
        for (std::size_t j = 0; j < width_; ++j) {
            const double value = values[j], difference = value - scale * code[j];
            lost += difference * difference;
            square += value * value;
        }
        errors_.push_back(static_cast<float>((std::sqrt(lost) + static_cast<double>(rounding)) * kRoundUp));
        norms_.push_back(static_cast<float>((std::sqrt(square) + static_cast<double>(rounding)) * kRoundUp));
    }
}

}  // namespace rocchio::dense
