#pragma once
// Constants of rows side by side, one array for each, as the kernels take them.

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "dense/scalar_code.hpp"
#include "kernels/vector_kernels.hpp"

namespace rocchio::dense {

class RowTerms {
  public:
    void assign(std::span<const RowConstants> rows, Metric metric) {
        reserve(rows.size());
        for (const RowConstants& row : rows) add(row, metric);
    }

    void reserve(std::size_t count) {
        for (auto* numbers : {&scales_, &lows_, &addends_, &errors_, &norms_}) {
            numbers->clear();
            numbers->reserve(count);
        }
    }

    void add(const RowConstants& row, Metric metric) {
        scales_.push_back(row.scale);
        lows_.push_back(row.low);
        addends_.push_back(addend_of(row, metric));
        errors_.push_back(row.error);
        norms_.push_back(std::sqrt(2.0f * row.half_square) + row.error);
    }

    float error(std::size_t row) const { return errors_[row]; }
    /// At least the length of the decoded row.
    float norm(std::size_t row) const { return norms_[row]; }

    /// From a row on.
    kernels::RowBounds bounds(std::size_t row) const {
        return {scales_.data() + row, lows_.data() + row, addends_.data() + row, errors_.data() + row,
                norms_.data() + row};
    }

  private:
    std::vector<float> scales_, lows_, addends_, errors_, norms_;
};

}  // namespace rocchio::dense
