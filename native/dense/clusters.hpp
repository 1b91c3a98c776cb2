#pragma once
// k-means on coded rows, cut into pieces that may run on several threads: each result depends on its rows or
// its centroid alone, so that it is the same for any cut.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dense/scalar_code.hpp"

namespace rocchio::dense {

/// Coded rows, and which of them are meant.
struct CodedRows {
    const std::uint8_t* codes;  // width for each row
    const RowConstants* constants;
    std::size_t width;
};

/// Centroids with their codes.
class Centroids {
  public:
    /// `values`: width for each centroid.
    Centroids(std::span<const float> values, std::size_t width);

    std::size_t size() const { return scales_.size(); }
    std::size_t width() const { return width_; }
    const float* values(std::size_t centroid) const { return values_.data() + centroid * width_; }

    /// For each chosen row: the nearest centroid (of equally near ones the first).
    void nearest(const CodedRows& rows, std::span<const std::uint32_t> chosen, std::uint32_t* first) const;

    /// The nearest centroid, and a second one whose residual is far from parallel to the first's: where one
    /// list hides a row from a query, the other shows it (SOAR: Sun et al., NeurIPS 2023, with lambda = 1).
    /// Equal when there is but one centroid.
    void nearest_two(const CodedRows& rows, std::span<const std::uint32_t> chosen, std::uint32_t* first,
                     std::uint32_t* second) const;

  private:
    template <typename Visit, typename Finish>
    void visit_nearness(const CodedRows& rows, std::span<const std::uint32_t> chosen, Visit visit,
                        Finish finish) const;
    std::uint32_t spill(const float* row, std::uint32_t first, std::span<const std::uint32_t> others) const;

    std::size_t width_;
    std::vector<float> values_;
    std::vector<std::int8_t> codes_;
    std::vector<float> scales_;        // of the codes
    std::vector<float> scaled_sums_;   // scale * sum of the code
    std::vector<float> half_squares_;  // half the squared length
};

/// Means of the rows of each list: `rows` in order, list l has [offsets[l], offsets[l + 1]); only lists
/// [first, last), to `means` from its begin. A list without rows keeps what is there.
void list_means(const CodedRows& coded, std::span<const std::uint32_t> rows,
                std::span<const std::uint64_t> offsets, std::size_t first, std::size_t last, float* means);

/// Radii of lists [first, last): the root mean square of the distances of a list's rows from its centroid, of
/// which no square counts for more than four times the median; 0 for none. Lists as for `list_means`; both
/// rows and centroids as they are decoded.
std::vector<float> list_radii(const CodedRows& coded, const CodedRows& centroids,
                              std::span<const std::uint32_t> rows, std::span<const std::uint64_t> offsets,
                              std::size_t first, std::size_t last);

}  // namespace rocchio::dense
