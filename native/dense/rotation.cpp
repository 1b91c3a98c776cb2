#include "dense/rotation.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "kernels/vector_kernels.hpp"

namespace rocchio::dense {

namespace {

constexpr std::size_t kRounds = 4;

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
std::uint64_t next_random(std::uint64_t& state) {
    std::uint64_t value = state += 0x9E3779B97F4A7C15u;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
    return value ^ (value >> 31);
}

}  // namespace

Rotation::Rotation(std::size_t dim, std::uint64_t seed)
    : dim_(dim),
      width_((dim + kernels::kCodeAlignment - 1) / kernels::kCodeAlignment * kernels::kCodeAlignment),
      span_(std::bit_floor(width_)),
      signs_(kRounds * width_) {
    // the transform of `span_` values multiplies lengths by its root: the signs take that back
    const float size = 1.0f / std::sqrt(static_cast<float>(span_));
    for (std::size_t round = 0; round < kRounds; ++round) {
        const std::size_t first = round % 2 == 0 ? 0 : width_ - span_;
        for (std::size_t j = 0; j < width_; ++j) {
            const bool inside = j >= first && j < first + span_;
            const float sign = (next_random(seed) & 1u) != 0 ? 1.0f : -1.0f;
            signs_[round * width_ + j] = inside ? sign * size : sign;
        }
    }
}

void Rotation::apply(const float* from, float* to) const {
    std::copy(from, from + dim_, to);
    std::fill(to + dim_, to + width_, 0.0f);
    const float half_root = std::sqrt(0.5f);
    for (std::size_t round = 0; round < kRounds; ++round) {
        const float* signs = signs_.data() + round * width_;
        for (std::size_t j = 0; j < width_; ++j) to[j] *= signs[j];
        kernels::vector_kernels().hadamard(to + (round % 2 == 0 ? 0 : width_ - span_), span_);
        if (span_ == width_) continue;
        for (std::size_t j = 0; j < width_ / 2; ++j) {
            const float a = to[j], b = to[j + width_ / 2];
            to[j] = (a + b) * half_root;
            to[j + width_ / 2] = (a - b) * half_root;
        }
    }
}

}  // namespace rocchio::dense
