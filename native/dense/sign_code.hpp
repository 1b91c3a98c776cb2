#pragma once
// Codes of one bit a dimension: the signs of a row's residual, its difference from the centroid of its list.
// With one factor a row the estimate of <query, residual> is without bias when the space was rotated at
// random (RaBitQ: Gao and Long, SIGMOD 2024).
//
// Signs of 32 rows lie together, four dimensions in a nibble, so that one byte shuffle looks up sixteen rows
// in a table of the query's sums (André et al., "Cache locality is not enough", VLDB 2015: fast scan).

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/vector_kernels.hpp"

namespace rocchio::dense {

/// Bytes that the signs of one block of 32 rows take.
constexpr std::size_t sign_bytes(std::size_t width) {
    return width / kernels::kSignGroup * 16;
}

/// Adds the signs of a residual to a block (of zeros at first) as its row `place`; returns the factor, or 0
/// for a residual of zeros.
float pack_signs(const float* residual, std::size_t width, std::size_t place, std::uint8_t* block);

/// A query's sums for each group of four dimensions, as bytes.
class SignTables {
  public:
    /// Sets the tables for a transformed query.
    void set(const float* query, std::size_t width);

    const std::uint8_t* tables() const { return tables_.data(); }

    /// Asks for the tables from memory, without a wait.
    void fetch() const {
#if defined(__GNUC__)
        for (std::size_t offset = 0; offset < tables_.size(); offset += 64)
            __builtin_prefetch(tables() + offset);
#endif
    }

    /// How sums become estimates that are added to `base`; estimates that reach `threshold` are reported.
    kernels::SignEstimate estimate(float base, float threshold) const {
        return {base, slope_, offset_, threshold};
    }

  private:
    std::vector<std::uint8_t> tables_;
    float slope_ = 0.0f;
    float offset_ = 0.0f;
};

}  // namespace rocchio::dense
