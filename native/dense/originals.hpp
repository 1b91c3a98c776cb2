#pragma once
// Vectors as they were given, in a checked file: what scores are computed from.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <variant>
#include <vector>

#include "base/checked_file.hpp"
#include "base/prefetch.hpp"
#include "dense/metric.hpp"
#include "kernels/vector_kernels.hpp"

namespace rocchio::dense {

/// Rows that were read, and what reading needs; memory that one thread uses again.
class RowReader {
  public:
    /// Room for so many bytes.
    std::uint8_t* bytes(std::size_t size) {
        if (bytes_.size() < size) bytes_.resize(size);
        return bytes_.data();
    }
    const std::uint8_t* bytes() const { return bytes_.data(); }

    ReadBuffer buffer;

  private:
    std::vector<std::uint8_t> bytes_;
};

/// Whether originals are read instead of being in memory, and whether the cache keeps what was read: not
/// while codes share it, of which a page holds several times as many rows.
enum class Reading { none, kept, passing };

class Originals {
  public:
    /// Rows of `dim` values one after another, as float32 or as float16 (its bits). What is not in memory is
    /// read when it is needed.
    Originals(CheckedArray<float> values, std::size_t dim, Reading reading = Reading::none)
        : values_(std::move(values)), dim_(dim), reading_(reading) {}
    Originals(CheckedArray<std::uint16_t> values, std::size_t dim, Reading reading = Reading::none)
        : values_(std::move(values)), dim_(dim), reading_(reading) {}

    bool in_memory() const { return reading_ == Reading::none; }
    std::size_t dim() const { return dim_; }
    std::size_t row_bytes() const {
        return dim_ * (std::holds_alternative<CheckedArray<float>>(values_) ? 4 : 2);
    }
    std::size_t rows() const {
        return std::visit([this](const auto& values) { return values.size() / dim_; }, values_);
    }

    /// The row as float32, verified; `buffer` has room for it and may hold it.
    const float* row(std::size_t row, float* buffer) const {
        if (const auto* floats = std::get_if<CheckedArray<float>>(&values_))
            return floats->view(row * dim_, (row + 1) * dim_).data();
        const auto halves = std::get<CheckedArray<std::uint16_t>>(values_).view(row * dim_, (row + 1) * dim_);
        kernels::vector_kernels().widen(halves.data(), dim_, buffer);
        return buffer;
    }

    /// Reads rows, which ascend, and copies them one after another.
    void gather(std::span<const std::uint32_t> rows, RowReader& reader) const {
        std::visit(
            [&]<typename T>(const CheckedArray<T>& values) {
                auto* out = reinterpret_cast<T*>(reader.bytes(rows.size() * dim_ * sizeof(T)));
                values.gather(rows, dim_, out, reader.buffer, reading_ == Reading::kept);
            },
            values_);
    }

    /// The i-th of the rows that were read last, as float32; `buffer` as for `row`.
    const float* gathered(std::size_t i, const RowReader& reader, float* buffer) const {
        const std::uint8_t* bytes = reader.bytes() + i * row_bytes();
        if (std::holds_alternative<CheckedArray<float>>(values_))
            return reinterpret_cast<const float*>(bytes);
        kernels::vector_kernels().widen(reinterpret_cast<const std::uint16_t*>(bytes), dim_, buffer);
        return buffer;
    }

    /// Asks for the row from memory, without a wait.
    void fetch(std::size_t row) const {
        std::visit([&](const auto& values) { rocchio::fetch(values.unverified(row * dim_), row_bytes()); },
                   values_);
    }

  private:
    std::variant<CheckedArray<float>, CheckedArray<std::uint16_t>> values_;
    std::size_t dim_;
    Reading reading_;
};

/// Scores of one query: a double sum in a fixed order, rounded once. Larger is better.
class ExactScore {
  public:
    ExactScore(Metric metric, const float* query, std::size_t dim)
        : metric_(metric), query_(query), dim_(dim) {
        if (metric == Metric::cosine) square_ = kernels::vector_kernels().dot_float(query, query, dim);
    }

    /// Inner product, cosine (0 for a vector of zeros), or minus the squared distance; minus infinity for
    /// what is no number.
    float operator()(const float* values) const {
        if (metric_ != Metric::cosine) return of(values, 0.0);
        double square = 0.0;
        const double dot = kernels::vector_kernels().dot_and_square(query_, values, dim_, &square);
        return rounded(cosine(dot, square));
    }

    /// The same of values whose `square_of` is known.
    float of(const float* values, double square) const {
        const auto& kernels = kernels::vector_kernels();
        if (metric_ == Metric::l2) return rounded(-kernels.distance_float(query_, values, dim_));
        const double dot = kernels.dot_float(query_, values, dim_);
        return rounded(metric_ == Metric::inner_product ? dot : cosine(dot, square));
    }

    /// What several queries have in common: the sum of squares, where the metric is of lengths.
    double square_of(const float* values) const {
        return metric_ == Metric::cosine ? kernels::vector_kernels().dot_float(values, values, dim_) : 0.0;
    }

  private:
    static float rounded(double exact) {
        const auto score = static_cast<float>(exact);
        return std::isnan(score) ? -std::numeric_limits<float>::infinity() : score;
    }

    double cosine(double dot, double square) const {
        const double lengths = std::sqrt(square_) * std::sqrt(square);
        return lengths > 0.0 ? dot / lengths : 0.0;
    }

    Metric metric_;
    const float* query_;
    std::size_t dim_;
    double square_ = 0.0;
};

}  // namespace rocchio::dense
