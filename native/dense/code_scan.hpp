#pragma once
// Bounds of the ranking values of rows, from the codes of all of them: what exact searches begin with.

#include <cstdint>
#include <span>
#include <vector>

#include "dense/vector_index.hpp"

namespace rocchio::dense {

class VectorIndex::CodeScan {
  public:
    /// Queries that share the reading of codes.
    static constexpr std::size_t kGroup = 32;

    /// `values` are at most kGroup queries; they must outlive this.
    CodeScan(const VectorIndex& index, std::span<const float> values);

    const PreparedQueries& queries() const { return prepared_; }

    /// The rows that a mask allows, all without one.
    std::vector<std::uint32_t> chosen(const std::optional<std::span<const std::uint8_t>>& allowed) const;

    /// Brings some of the chosen rows side by side, from the `first` on, at most kernels::kBoundRows. Rows
    /// are loaded in order.
    void load(std::span<const std::uint32_t> chosen, std::size_t first);

    /// Of the loaded rows: which may reach a threshold, as bits, with upper bounds of their ranking values.
    std::uint64_t reaching(std::size_t query, float threshold, float* uppers) const;

    /// Lower bounds of the ranking values of the loaded rows.
    void lower_bounds(std::size_t query, float* lowers) const;

    std::span<const std::uint32_t> rows() const { return rows_; }

  private:
    const std::uint8_t* codes_of();
    const std::uint8_t* read_codes(std::span<const std::uint32_t> chosen, std::size_t first);

    const VectorIndex& index_;
    PreparedQueries prepared_;
    std::vector<kernels::RowRanking> rankings_;
    std::span<const std::uint32_t> rows_;
    const RowConstants* constants_ = nullptr;
    std::vector<std::uint8_t> copied_codes_;          // of rows that are no neighbours, or are read
    std::size_t copied_first_ = 0, copied_last_ = 0;  // of the chosen rows, where they are read
    ReadBuffer buffer_;
    std::vector<RowConstants> copied_constants_;
    std::vector<std::int32_t> dots_;
};

}  // namespace rocchio::dense
