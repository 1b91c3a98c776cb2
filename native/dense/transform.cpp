#include "dense/transform.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "kernels/vector_kernels.hpp"

namespace rocchio::dense {

namespace {

/// Four rounds of at most 16 additions and three products, each off by 2^-24 at most, twice as safe as
/// needed.
constexpr double kRotationError = 4 * 19 * 0x1p-23;

/// Normalising and subtracting the mean, likewise.
constexpr double kShiftError = 4 * 0x1p-23;

/// Longer vectors than any that a collection takes: only damaged files hold them.
constexpr double kLargestLength = 1e18;

std::size_t checked_dim(std::size_t dim) {
    if (dim < 1 || dim > kMaxDim) throw std::invalid_argument("expected 1 to 65536 dimensions");
    return dim;
}

}  // namespace

Transform::Transform(Metric metric, std::size_t dim, std::uint64_t seed, std::vector<float> mean)
    : metric_(metric), rotation_(checked_dim(dim), seed), mean_(std::move(mean)) {
    if (mean_.size() != dim) throw std::invalid_argument("expected one mean for each dimension");
    mean_length_ =
        static_cast<float>(std::sqrt(kernels::vector_kernels().dot_float(mean_.data(), mean_.data(), dim)));
}

float Transform::row(const float* from, float* to) const {
    return transformed(from, true, to);
}

float Transform::query(const float* from, float* to) const {
    return transformed(from, metric_ == Metric::l2, to);
}

float Transform::ranking_of(const float* query, float score) const {
    constexpr double kRounding = 0x1p-40;  // of sums in double precision, as a share of their largest part
    double square = 0.0, product = 0.0, distance = 0.0, mean_square = 0.0;
    for (std::size_t j = 0; j < dim(); ++j) {
        const double q = query[j], m = mean_[j];
        square += q * q;
        product += q * m;
        mean_square += m * m;
        distance += (q - m) * (q - m);
    }
    double ranking = 0.0, largest = 0.0;
    if (metric_ == Metric::l2) {
        // score = -|q - x|^2 = 2 (<q, x> - |x|^2 / 2) - |q|^2, with the mean taken from both q and x
        ranking = (distance + static_cast<double>(score)) / 2.0;
        largest = distance + std::fabs(score);
    } else {
        const double length = metric_ == Metric::cosine ? std::sqrt(square) : 1.0;
        ranking = static_cast<double>(score) - (length > 0.0 ? product / length : 0.0);
        largest = std::fabs(score) + std::sqrt(square * mean_square) / (length > 0.0 ? length : 1.0);
    }
    const auto rounded = static_cast<float>(ranking - kRounding * largest);
    if (std::isnan(rounded)) return -std::numeric_limits<float>::infinity();
    return std::nextafter(rounded, -std::numeric_limits<float>::infinity());
}

float Transform::transformed(const float* from, bool centered, float* to) const {
    const auto& kernels = kernels::vector_kernels();
    double length = std::sqrt(kernels.dot_float(from, from, dim()));
    std::vector<float> shifted(from, from + dim());
    if (metric_ == Metric::cosine) {
        const auto shrink = static_cast<float>(length > 0 ? 1.0 / length : 0.0);
        for (float& value : shifted) value *= shrink;
        length = length > 0 ? 1.0 : 0.0;
    }
    if (centered) {
        length += static_cast<double>(mean_length_);
        for (std::size_t j = 0; j < dim(); ++j) shifted[j] -= mean_[j];
    }
    const double rotated = std::sqrt(kernels.dot_float(shifted.data(), shifted.data(), dim()));
    if (!(rotated <= kLargestLength)) {  // nor is it a number
        std::fill(to, to + width(), 0.0f);
        return std::numeric_limits<float>::max();
    }
    rotation_.apply(shifted.data(), to);
    return static_cast<float>(kShiftError * length + kRotationError * rotated);
}

}  // namespace rocchio::dense
