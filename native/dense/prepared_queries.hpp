#pragma once
// Queries as a search needs them: in the space of the codes, and as codes themselves.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dense/scalar_code.hpp"
#include "dense/transform.hpp"
#include "kernels/vector_kernels.hpp"

namespace rocchio::dense {

class PreparedQueries {
  public:
    /// `queries` holds dim values for each; they must outlive this.
    PreparedQueries(const Transform& transform, std::span<const float> queries);

    std::size_t size() const { return constants_.size(); }
    std::size_t width() const { return width_; }

    /// As it was given: dim values.
    const float* given(std::size_t query) const { return queries_.data() + query * dim_; }
    /// In the space of the codes: width values.
    const float* values(std::size_t query) const { return values_.data() + query * width_; }
    /// Codes of this and the following queries.
    const std::int8_t* codes(std::size_t query) const { return codes_.data() + query * width_; }
    const SignedCode& constants(std::size_t query) const { return constants_[query]; }
    /// At least |query - decoded query|.
    float error(std::size_t query) const { return errors_[query]; }
    /// At least |query|, in the space of the codes.
    float norm(std::size_t query) const { return norms_[query]; }

  private:
    std::span<const float> queries_;
    std::size_t dim_, width_;
    std::vector<float> values_;
    std::vector<std::int8_t> codes_;
    std::vector<SignedCode> constants_;
    std::vector<float> errors_;
    std::vector<float> norms_;
};

}  // namespace rocchio::dense
