#include "dense/code_scan.hpp"

#include <algorithm>
#include <numeric>

#include "base/bitmap.hpp"
#include "base/prefetch.hpp"

namespace rocchio::dense {

namespace {

/// More than what rounding changes in a bound, as a share of the largest numbers in it.
constexpr float kRounding = 0x1p-19f;

/// More than what rounding changes in a score, as a share of the largest number in it. Rows whose scores are
/// equal once they are rounded are ordered by row, so that none of them may be ruled out.
constexpr float kScoreRounding = 0x1p-22f;

/// At least the largest ranking value that belongs to a score.
float largest_score(const Transform& transform, float query, float row) {
    constexpr float kMost = 0x1p120f;  // of rows that are out of all bounds
    if (transform.metric() == Metric::cosine) return 1.0f;
    if (transform.metric() == Metric::l2) return std::min(kMost, (query + row) * (query + row));
    return std::min(kMost, query * (row + transform.mean_length()));
}

/// Rows that are asked for from memory ahead of their use.
constexpr std::size_t kAhead = 8;

std::vector<std::uint32_t> set_bits(std::span<const std::uint8_t> bitmap, std::size_t count) {
    std::vector<std::uint32_t> rows(count_bits(bitmap));
    std::size_t found = 0;
    for_each_set_bit(bitmap, [&](std::size_t row) { rows[found++] = static_cast<std::uint32_t>(row); });
    while (!rows.empty() && rows.back() >= count) rows.pop_back();
    return rows;
}

}  // namespace

VectorIndex::CodeScan::CodeScan(const VectorIndex& index, std::span<const float> values)
    : index_(index),
      prepared_(index.transform_, values),
      copied_constants_(kernels::kBoundRows),
      dots_(prepared_.size() * kernels::kBoundRows) {
    for (std::size_t query = 0; query < prepared_.size(); ++query) {
        const SignedCode& code = prepared_.constants(query);
        const float norm = prepared_.norm(query);
        const float largest = norm * index.largest_norm_ + index.largest_addend_;
        const float slack =
            kRounding * largest + kScoreRounding * largest_score(index.transform_, norm, index.largest_norm_);
        rankings_.push_back({code.scale, static_cast<float>(code.sum),
                             half_squares_of(index.transform_.metric()), norm, prepared_.error(query),
                             slack});
    }
}

std::vector<std::uint32_t> VectorIndex::CodeScan::chosen(
    const std::optional<std::span<const std::uint8_t>>& allowed) const {
    if (index_.own_) {
        std::vector<std::uint32_t> rows = index_.own_->rows;
        if (allowed) std::erase_if(rows, [&](std::uint32_t row) { return !bit_is_set(*allowed, row); });
        return rows;
    }
    if (allowed) return set_bits(*allowed, index_.rows());
    std::vector<std::uint32_t> rows(index_.rows());
    std::iota(rows.begin(), rows.end(), 0u);
    return rows;
}

void VectorIndex::CodeScan::load(std::span<const std::uint32_t> chosen, std::size_t first) {
    rows_ = chosen.subspan(first, std::min(kernels::kBoundRows, chosen.size() - first));
    constants_ = index_.constants_.data() + rows_.front();
    const bool scattered = rows_.back() - rows_.front() + 1 != rows_.size();
    if (scattered) {
        for (std::size_t i = 0; i < rows_.size(); ++i) copied_constants_[i] = index_.constants_[rows_[i]];
        constants_ = copied_constants_.data();
    }
    const auto& kernels = kernels::vector_kernels();
    if (scattered && index_.codes_.in_memory() &&
        prepared_.size() == 1) {  // which need not be copied for one
        kernels.dot_chosen(index_.codes_.row(0), prepared_.width(), rows_.data(), rows_.size(),
                           chosen.size() - first, prepared_.codes(0), dots_.data());
        return;
    }
    const std::uint8_t* codes = index_.codes_.in_memory() ? codes_of() : read_codes(chosen, first);
    kernels.dot_tile(codes, prepared_.width(), rows_.size(), prepared_.codes(0), prepared_.size(),
                     dots_.data(), kernels::kBoundRows);
}

/// The codes of the loaded rows side by side, from memory.
const std::uint8_t* VectorIndex::CodeScan::codes_of() {
    const std::size_t width = prepared_.width();
    if (rows_.back() - rows_.front() + 1 == rows_.size()) return index_.codes_.row(rows_.front());
    copied_codes_.clear();
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        if (i + kAhead < rows_.size()) fetch(index_.codes_.row(rows_[i + kAhead]), width);
        const std::uint8_t* code = index_.codes_.row(rows_[i]);
        copied_codes_.insert(copied_codes_.end(), code, code + width);
    }
    return copied_codes_.data();
}

/// The same, read together with those of rows that follow.
const std::uint8_t* VectorIndex::CodeScan::read_codes(std::span<const std::uint32_t> chosen,
                                                      std::size_t first) {
    const std::size_t width = prepared_.width();
    if (first < copied_first_ || first >= copied_last_) {
        copied_first_ = first;
        copied_last_ = std::min(first + tile_rows(width), chosen.size());
        const auto some = chosen.subspan(first, copied_last_ - first);
        copied_codes_.resize(some.size() * width);
        index_.codes_.gather(some, copied_codes_.data(), buffer_,
                             index_.codes_.is_worth_keeping(chosen.size()));
    }
    return copied_codes_.data() + (first - copied_first_) * width;
}

std::uint64_t VectorIndex::CodeScan::reaching(std::size_t query, float threshold, float* uppers) const {
    return kernels::vector_kernels().bound_rows(dots_.data() + query * kernels::kBoundRows, constants_,
                                                rows_.size(), rankings_[query], threshold, uppers);
}

void VectorIndex::CodeScan::lower_bounds(std::size_t query, float* lowers) const {
    // with all that counts for errors the other way round, the upper bound is the lower one
    kernels::RowRanking ranking = rankings_[query];
    ranking.norm = -ranking.norm;
    ranking.error = -ranking.error;
    ranking.slack = -ranking.slack;
    kernels::vector_kernels().bound_rows(dots_.data() + query * kernels::kBoundRows, constants_, rows_.size(),
                                         ranking, 0.0f, lowers);
}

}  // namespace rocchio::dense
