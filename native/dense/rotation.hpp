#pragma once
// A random orthogonal map in O(d log d), the same on every machine: it spreads a vector's energy evenly over
// its dimensions, which is what codes of few bits need.
//
// Four rounds of random signs, a Walsh-Hadamard transform of the largest power of two that fits (from the
// left and from the right in turn), and a rotation by 45 degrees between the halves where that leaves
// dimensions out. The idea is in Gao et al., "Practical and asymptotically optimal quantization of
// high-dimensional vectors" (RaBitQ, SIGMOD 2025), and in Ailon and Chazelle, "The fast Johnson-Lindenstrauss
// transform" (2009).

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rocchio::dense {

class Rotation {
  public:
    /// A map from `dim` dimensions to `width()`, the next multiple of 64; what is missing counts as zero.
    Rotation(std::size_t dim, std::uint64_t seed);

    std::size_t dim() const { return dim_; }
    std::size_t width() const { return width_; }

    /// `to` has room for width() values; `from` holds dim() and may not overlap.
    void apply(const float* from, float* to) const;

  private:
    std::size_t dim_, width_, span_;
    std::vector<float> signs_;  // width_ for each round
};

}  // namespace rocchio::dense
