#include "dense/clusters.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/vector_kernels.hpp"

namespace rocchio::dense {

namespace {

/// Rows that are compared with all centroids at a time: their codes stay in the first cache.
constexpr std::size_t kTileRows = 32;

/// Centroids among which the second one is chosen: the nearest ones.
constexpr std::size_t kShortlist = 32;

/// The nearest few of centroids that come in order of number; equally near ones in that order.
class Shortlist {
  public:
    /// What is not more than this is not among the nearest.
    float threshold() const {
        return count_ < kShortlist ? -std::numeric_limits<float>::infinity() : values_[kShortlist - 1];
    }
    void add(float value, std::uint32_t centroid) {
        std::size_t place = count_ < kShortlist ? count_++ : kShortlist - 1;
        for (; place > 0 && values_[place - 1] < value; --place) {
            values_[place] = values_[place - 1];
            centroids_[place] = centroids_[place - 1];
        }
        values_[place] = value;
        centroids_[place] = centroid;
    }
    std::span<const std::uint32_t> nearest() const { return {centroids_, count_}; }

  private:
    float values_[kShortlist];
    std::uint32_t centroids_[kShortlist];
    std::size_t count_ = 0;
};

}  // namespace

Centroids::Centroids(std::span<const float> values, std::size_t width)
    : width_(width), values_(values.begin(), values.end()), codes_(values.size()) {
    for (std::size_t first = 0; first < values.size(); first += width) {
        const SignedCode code = encode_signed(values.data() + first, width, codes_.data() + first);
        double square = 0.0;
        for (std::size_t j = first; j < first + width; ++j)
            square += static_cast<double>(values[j]) * values[j];
        scales_.push_back(code.scale);
        scaled_sums_.push_back(code.scale * static_cast<float>(code.sum));
        half_squares_.push_back(static_cast<float>(square / 2));
    }
}

/// For each tile of at most kTileRows chosen rows, calls visit(c, nearness) for c = 0, 1, ..., values that
/// are larger the nearer that centroid is to each row, then finish(i, count): those were the rows from
/// chosen[i].
template <typename Visit, typename Finish>
void Centroids::visit_nearness(const CodedRows& rows, std::span<const std::uint32_t> chosen, Visit visit,
                               Finish finish) const {
    std::vector<std::uint8_t> codes(kTileRows * width_);
    std::vector<std::int32_t> dots(kTileRows * size());
    for (std::size_t begin = 0; begin < chosen.size(); begin += kTileRows) {
        const std::size_t count = std::min(kTileRows, chosen.size() - begin);
        float scales[kTileRows] = {}, lows[kTileRows] = {}, nearness[kTileRows];
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t row = chosen[begin + i];
            std::copy_n(rows.codes + row * width_, width_, codes.data() + i * width_);
            scales[i] = rows.constants[row].scale;
            lows[i] = rows.constants[row].low;
        }
        kernels::vector_kernels().dot_tile(codes.data(), width_, kTileRows, codes_.data(), size(),
                                           dots.data(), kTileRows);
        for (std::uint32_t c = 0; c < size(); ++c) {
            const std::int32_t* dot = dots.data() + c * kTileRows;
            const float scale = scales_[c], sum = scaled_sums_[c], half_square = half_squares_[c];
            for (std::size_t i = 0; i < kTileRows; ++i)
                nearness[i] = scales[i] * (static_cast<float>(dot[i]) * scale) + lows[i] * sum - half_square;
            visit(c, nearness);
        }
        finish(begin, count);
    }
}

void Centroids::nearest(const CodedRows& rows, std::span<const std::uint32_t> chosen,
                        std::uint32_t* first) const {
    float best[kTileRows];
    std::uint32_t nearest[kTileRows];
    const auto reset = [&] {
        std::fill_n(best, kTileRows, -std::numeric_limits<float>::infinity());
        std::fill_n(nearest, kTileRows, 0u);
    };
    reset();
    visit_nearness(
        rows, chosen,
        [&](std::uint32_t c, const float* nearness) {
            for (std::size_t i = 0; i < kTileRows; ++i) {  // without branches: all rows side by side
                nearest[i] = nearness[i] > best[i] ? c : nearest[i];
                best[i] = nearness[i] > best[i] ? nearness[i] : best[i];
            }
        },
        [&](std::size_t begin, std::size_t count) {
            std::copy_n(nearest, count, first + begin);
            reset();
        });
}

void Centroids::nearest_two(const CodedRows& rows, std::span<const std::uint32_t> chosen,
                            std::uint32_t* first, std::uint32_t* second) const {
    Shortlist shortlists[kTileRows];
    float thresholds[kTileRows];
    std::vector<float> row(width_);
    const auto reset = [&] {
        for (std::size_t i = 0; i < kTileRows; ++i) {
            shortlists[i] = {};
            thresholds[i] = shortlists[i].threshold();
        }
    };
    reset();
    visit_nearness(
        rows, chosen,
        [&](std::uint32_t c, const float* nearness) {
            unsigned taken = 0;
            for (std::size_t i = 0; i < kTileRows; ++i) taken |= nearness[i] > thresholds[i] ? 1u : 0u;
            if (taken == 0) return;
            for (std::size_t i = 0; i < kTileRows; ++i) {
                if (!(nearness[i] > thresholds[i])) continue;
                shortlists[i].add(nearness[i], c);
                thresholds[i] = shortlists[i].threshold();
            }
        },
        [&](std::size_t begin, std::size_t count) {
            for (std::size_t i = 0; i < count; ++i) {
                const std::size_t of = chosen[begin + i];
                decode(rows.codes + of * width_, width_, rows.constants[of], row.data());
                const std::span<const std::uint32_t> nearest = shortlists[i].nearest();
                first[begin + i] = nearest[0];
                second[begin + i] = spill(row.data(), nearest[0], nearest.subspan(1));
            }
            reset();
        });
}

/// The centroid c with the least |x - c|^2 + <x - c, r>^2 / |r|^2, where r is the residual of the first one.
std::uint32_t Centroids::spill(const float* row, std::uint32_t first,
                               std::span<const std::uint32_t> others) const {
    const float* nearest = values(first);
    float square = 0.0f;
    for (std::size_t j = 0; j < width_; ++j) square += (row[j] - nearest[j]) * (row[j] - nearest[j]);
    float least = std::numeric_limits<float>::infinity();
    std::uint32_t best = first;
    for (const std::uint32_t other : others) {
        const float* centroid = values(other);
        constexpr std::size_t kLanes = 8;  // sums side by side, in a fixed order
        float distances[kLanes] = {}, parallels[kLanes] = {};
        for (std::size_t j = 0; j < width_; j += kLanes) {
            for (std::size_t lane = 0; lane < kLanes; ++lane) {
                const float difference = row[j + lane] - centroid[j + lane];
                distances[lane] += difference * difference;
            }
        }
        float distance = 0.0f, parallel = 0.0f;
        for (std::size_t lane = 0; lane < kLanes; ++lane) distance += distances[lane];
        if (distance >= least) continue;
        for (std::size_t j = 0; j < width_; j += kLanes)
            for (std::size_t lane = 0; lane < kLanes; ++lane)
                parallels[lane] += (row[j + lane] - centroid[j + lane]) * (row[j + lane] - nearest[j + lane]);
        for (std::size_t lane = 0; lane < kLanes; ++lane) parallel += parallels[lane];
        const float loss = distance + (square > 0.0f ? parallel * parallel / square : 0.0f);
        if (loss < least) {
            least = loss;
            best = other;
        }
    }
    return best;
}

void list_means(const CodedRows& coded, std::span<const std::uint32_t> rows,
                std::span<const std::uint64_t> offsets, std::size_t first, std::size_t last, float* means) {
    std::vector<double> sums(coded.width);
    for (std::size_t list = first; list < last; ++list) {
        if (offsets[list] == offsets[list + 1]) continue;
        std::fill(sums.begin(), sums.end(), 0.0);
        for (std::size_t i = offsets[list]; i < offsets[list + 1]; ++i) {
            const RowConstants& constants = coded.constants[rows[i]];
            const std::uint8_t* code = coded.codes + rows[i] * coded.width;
            const double scale = constants.scale, low = constants.low;
            for (std::size_t j = 0; j < coded.width; ++j) sums[j] += scale * code[j] + low;
        }
        const auto count = static_cast<double>(offsets[list + 1] - offsets[list]);
        for (std::size_t j = 0; j < coded.width; ++j)
            means[(list - first) * coded.width + j] = static_cast<float>(sums[j] / count);
    }
}

namespace {

/// The mean of squared distances, of which none counts for more than four times the median: one row that lies
/// far from all others must not decide what the list looks like. 0 of none.
double mean_without_far(std::span<const double> squares, std::vector<double>& sorted) {
    if (squares.empty()) return 0.0;
    sorted.assign(squares.begin(), squares.end());
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>((sorted.size() - 1) / 2);
    std::ranges::nth_element(sorted, middle);
    const double most = 4.0 * *middle;
    double sum = 0.0;
    for (const double square : squares) sum += std::min(square, most);
    return sum / static_cast<double>(squares.size());
}

}  // namespace

std::vector<float> list_radii(const CodedRows& coded, const CodedRows& centroids,
                              std::span<const std::uint32_t> rows, std::span<const std::uint64_t> offsets,
                              std::size_t first, std::size_t last) {
    const std::size_t width = coded.width;
    std::vector<float> radii, centroid(width), row(width);
    std::vector<double> squares, sorted;
    for (std::size_t list = first; list < last; ++list) {
        decode(centroids.codes + list * width, width, centroids.constants[list], centroid.data());
        squares.clear();
        for (std::size_t i = offsets[list]; i < offsets[list + 1]; ++i) {
            decode(coded.codes + rows[i] * width, width, coded.constants[rows[i]], row.data());
            squares.push_back(kernels::vector_kernels().distance_float(row.data(), centroid.data(), width));
        }
        radii.push_back(static_cast<float>(std::sqrt(mean_without_far(squares, sorted))));
    }
    return radii;
}

}  // namespace rocchio::dense
