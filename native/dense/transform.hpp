#pragma once
// From vectors as they were given to the space in which codes are made.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dense/metric.hpp"
#include "dense/rotation.hpp"

namespace rocchio::dense {

inline constexpr std::size_t kMaxDim = 65536;

/// Rows become R(x - mean), with R a random rotation and x of length one for cosines. Queries become R(q), or
/// R(q - mean) where differences count: for inner products the mean's share is the same for all rows.
class Transform {
  public:
    /// `mean` holds dim values. Throws std::invalid_argument unless dim is 1 to kMaxDim and the mean is of
    /// its size.
    Transform(Metric metric, std::size_t dim, std::uint64_t seed, std::vector<float> mean);

    Metric metric() const { return metric_; }
    std::size_t dim() const { return rotation_.dim(); }
    std::size_t width() const { return rotation_.width(); }
    /// The length of the mean.
    float mean_length() const { return mean_length_; }

    /// Both write width() values and return a bound on the length of what rounding changed. What is not
    /// finite or longer than 1e18 becomes zeros, with the largest bound.
    float row(const float* from, float* to) const;
    float query(const float* from, float* to) const;

    /// At most the ranking value that belongs to a score of this query: what is under it scores less.
    float ranking_of(const float* query, float score) const;

  private:
    float transformed(const float* from, bool centered, float* to) const;

    Metric metric_;
    Rotation rotation_;
    std::vector<float> mean_;
    float mean_length_ = 0.0f;
};

}  // namespace rocchio::dense
