#include "dense/exact_search.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/bitmap.hpp"
#include "dense/ranking.hpp"

namespace rocchio::dense {

namespace {

/// Queries that share the reading of codes.
constexpr std::size_t kGroup = 32;

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

/// Asks for bytes from memory, without a wait.
void fetch(const std::uint8_t* first, std::size_t bytes) {
#if defined(__GNUC__)
    for (std::size_t offset = 0; offset < bytes; offset += 64) __builtin_prefetch(first + offset);
#else
    (void)first, (void)bytes;
#endif
}

std::vector<std::uint32_t> set_bits(std::span<const std::uint8_t> bitmap, std::size_t count) {
    std::vector<std::uint32_t> rows;
    for (std::size_t byte = 0; byte < bitmap.size(); ++byte) {
        for (unsigned bits = bitmap[byte]; bits != 0; bits &= bits - 1) {
            const std::size_t row = byte * 8 + static_cast<std::size_t>(std::countr_zero(bits));
            if (row < count) rows.push_back(static_cast<std::uint32_t>(row));
        }
    }
    return rows;
}

}  // namespace

/// Some rows, side by side.
struct VectorIndex::ExactSearch::Tile {
    const std::uint8_t* codes = nullptr;
    const RowConstants* constants = nullptr;
    std::vector<std::uint8_t> copied_codes;
    std::vector<RowConstants> copied_constants;
    std::span<const std::uint32_t> rows;
};

VectorResults VectorIndex::exact(const VectorQueries& queries) const {
    const std::size_t count = queries.values.size() / dim(), k = queries.k;
    VectorResults results{std::vector<std::int64_t>(count * k), std::vector<float>(count * k), {}};
    for (std::size_t first = 0; first < count; first += kGroup) {
        const std::size_t size = std::min(kGroup, count - first);
        ExactSearch search(*this, queries, queries.values.subspan(first * dim(), size * dim()));
        search.run(results.rows.data() + first * k, results.scores.data() + first * k, results.work);
    }
    return results;
}

VectorIndex::ExactSearch::ExactSearch(const VectorIndex& index, const VectorQueries& queries,
                                      std::span<const float> values)
    : index_(index),
      queries_(queries),
      prepared_(index.transform_, values),
      lowers_(prepared_.size()),
      uppers_(prepared_.size()) {
    for (std::size_t query = 0; query < prepared_.size(); ++query) {
        lowers_[query].reset(queries.k);
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

void VectorIndex::ExactSearch::run(std::int64_t* rows, float* scores, Work& work) {
    std::vector<std::uint32_t> chosen;
    if (index_.own_) {
        chosen = index_.own_->rows;
        if (queries_.allowed)
            std::erase_if(chosen, [this](std::uint32_t row) { return !bit_is_set(*queries_.allowed, row); });
    } else if (queries_.allowed) {
        chosen = set_bits(*queries_.allowed, index_.rows());
    } else {
        chosen.resize(index_.rows());
        std::iota(chosen.begin(), chosen.end(), 0u);
    }
    Tile tile;
    for (std::size_t first = 0; first < chosen.size(); first += kernels::kBoundRows) {
        const std::size_t count = std::min(kernels::kBoundRows, chosen.size() - first);
        load(std::span(chosen).subspan(first, count), tile);
        bound(tile);
    }
    work.refined += chosen.size() * prepared_.size();
    for (std::size_t query = 0; query < prepared_.size(); ++query) {
        std::vector<Candidate> last = finalists(query);
        ExactScore score(index_.transform_.metric(), prepared_.given(query), index_.originals_);
        score_exactly(score, index_.originals_, last);
        work.rescored += last.size();
        write_best(last, queries_.k, rows + query * queries_.k, scores + query * queries_.k);
    }
}

/// Brings rows, which ascend, side by side; they are copied only where they are not neighbours.
void VectorIndex::ExactSearch::load(std::span<const std::uint32_t> rows, Tile& tile) const {
    const std::size_t width = prepared_.width();
    tile.rows = rows;
    tile.codes = index_.codes_.data() + rows.front() * width;
    tile.constants = index_.constants_.data() + rows.front();
    if (rows.back() - rows.front() + 1 == rows.size()) return;
    tile.copied_codes.clear();
    tile.copied_constants.clear();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::uint32_t row = rows[i];
        if (i + kAhead < rows.size()) fetch(index_.codes_.data() + rows[i + kAhead] * width, width);
        const std::uint8_t* code = index_.codes_.data() + row * width;
        tile.copied_codes.insert(tile.copied_codes.end(), code, code + width);
        tile.copied_constants.push_back(index_.constants_[row]);
    }
    tile.codes = tile.copied_codes.data();
    tile.constants = tile.copied_constants.data();
}

/// Adds the rows of a tile that may be among the best of each query.
void VectorIndex::ExactSearch::bound(const Tile& tile) {
    const auto& kernels = kernels::vector_kernels();
    std::int32_t dots[kGroup * kernels::kBoundRows];
    float uppers[kernels::kBoundRows];
    kernels.dot_tile(tile.codes, prepared_.width(), tile.rows.size(), prepared_.codes(0), prepared_.size(),
                     dots, kernels::kBoundRows);
    for (std::size_t query = 0; query < prepared_.size(); ++query) {
        kernels::RowRanking ranking = rankings_[query];
        Candidates& lowers = lowers_[query];
        const std::int32_t* of_query = dots + query * kernels::kBoundRows;
        std::uint64_t reaching = kernels.bound_rows(of_query, tile.constants, tile.rows.size(), ranking,
                                                    lowers.threshold(), uppers);
        if (reaching == 0) continue;
        // with all that counts for errors the other way round, the upper bound is the lower one
        ranking.norm = -ranking.norm;
        ranking.error = -ranking.error;
        ranking.slack = -ranking.slack;
        float floors[kernels::kBoundRows];
        kernels.bound_rows(of_query, tile.constants, tile.rows.size(), ranking, 0.0f, floors);
        for (; reaching != 0; reaching &= reaching - 1) {
            const auto i = static_cast<std::size_t>(std::countr_zero(reaching));
            uppers_[query].push_back({uppers[i], tile.rows[i]});
            // nothing is known of a row that is not finite
            const float floor =
                std::isfinite(floors[i]) ? floors[i] : -std::numeric_limits<float>::infinity();
            lowers.add({floor, tile.rows[i]});
        }
    }
}

/// Rows that no lower bound rules out.
std::vector<Candidate> VectorIndex::ExactSearch::finalists(std::size_t query) {
    const std::span<const CandidateKey> best = lowers_[query].best();
    float least = -std::numeric_limits<float>::infinity();
    if (best.size() >= queries_.k) {
        least = best.front().value();
        for (const CandidateKey lower : best) least = std::min(least, lower.value());
    }
    std::vector<Candidate> last;
    for (const Candidate& candidate : uppers_[query])
        if (!(candidate.value < least)) last.push_back(candidate);
    return last;
}

}  // namespace rocchio::dense
