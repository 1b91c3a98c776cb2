#pragma once
// Document lengths in 256 classes, and the table of term-frequency parts over (code, class).
//
// A posting's contribution depends on its frequency code and its document's length. With the length reduced
// to a byte, the contribution is one load from a table instead of a division. A class stands for its shortest
// length, so the table holds upper bounds; they are exact when there are at most 256 distinct lengths.

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "lexical/scoring.hpp"
#include "lexical/segment.hpp"

namespace rocchio::lexical {

class LengthClasses {
  public:
    LengthClasses(const Segment& segment, const Scoring& scoring, std::span<const double> field_weights,
                  std::span<const double> lengths);

    std::span<const std::uint8_t> class_of_row() const { return class_of_row_; }

    /// Codes from this one on are so rare that the table does not have them.
    static constexpr std::uint32_t kBoundedCodes = 256;

    /// Upper bounds of tf_part: entry code * 256 + class, for codes below kBoundedCodes.
    std::span<const float> bounds() const { return bounds_; }

    /// The smallest bound of any posting: sums of float32 need it to be well above the smallest float.
    float least_bound() const { return least_bound_; }

    /// exact >= bound * tightness for every posting, with 0 < tightness <= 1.
    double tightness() const { return tightness_; }

  private:
    void classify(std::span<const double> lengths);
    template <typename Place>
    void assign(std::span<const double> lengths, Place&& place_of);
    void fill_bounds(const Segment& segment, const Scoring& scoring, std::span<const double> field_weights);

    std::vector<std::uint8_t> class_of_row_;
    std::vector<double> shortest_;  // by class; 0 where the class is empty
    std::vector<double> longest_;
    std::vector<float> bounds_;
    float least_bound_ = std::numeric_limits<float>::infinity();
    double tightness_ = 1.0;
};

}  // namespace rocchio::lexical
