#include "lexical/length_classes.hpp"

#include <algorithm>
#include <cmath>

#include "lexical/searcher.hpp"

namespace rocchio::lexical {
namespace {

constexpr std::size_t kClasses = 256;

/// Adds a value to a short sorted list of distinct ones, unless it is there.
void remember(std::vector<double>& distinct, double value) {
    const auto place = std::ranges::lower_bound(distinct, value);
    if (place == distinct.end() || *place != value) distinct.insert(place, value);
}

}  // namespace

LengthClasses::LengthClasses(const Segment& segment, const Scoring& scoring,
                             std::span<const double> field_weights, std::span<const double> lengths)
    : class_of_row_(lengths.size()), shortest_(kClasses, 0.0), longest_(kClasses, 0.0) {
    classify(lengths);
    fill_bounds(segment, scoring, field_weights);
}

void LengthClasses::classify(std::span<const double> lengths) {
    std::vector<double> distinct;
    for (double length : lengths) {
        if (length > 0.0) remember(distinct, length);  // a document without tokens has no postings
        if (distinct.size() > kClasses) break;
    }
    if (distinct.size() <= kClasses) {
        assign(lengths,
               [&](double length) { return std::ranges::lower_bound(distinct, length) - distinct.begin(); });
        return;
    }
    // Too many for a class each: classes are spaced geometrically, because the length norm is relative.
    double least = distinct.front();
    double most = distinct.front();
    for (double length : lengths) {
        if (length > 0.0) least = std::min(least, length);
        most = std::max(most, length);
    }
    const double scale = static_cast<double>(kClasses - 1) / std::log(most / least);
    assign(lengths, [&](double length) { return std::log(length / least) * scale; });
}

template <typename Place>
void LengthClasses::assign(std::span<const double> lengths, Place&& place_of) {
    for (std::size_t row = 0; row < lengths.size(); ++row) {
        if (lengths[row] <= 0.0) continue;
        const auto place = static_cast<double>(place_of(lengths[row]));
        const auto cls = static_cast<std::uint8_t>(std::clamp(place, 0.0, static_cast<double>(kClasses - 1)));
        class_of_row_[row] = cls;
        shortest_[cls] = shortest_[cls] == 0.0 ? lengths[row] : std::min(shortest_[cls], lengths[row]);
        longest_[cls] = std::max(longest_[cls], lengths[row]);
    }
}

void LengthClasses::fill_bounds(const Segment& segment, const Scoring& scoring,
                                std::span<const double> field_weights) {
    bounds_.assign(kClasses * kClasses, 0.0f);
    const std::size_t codes = std::min<std::size_t>(segment.code_count(), kBoundedCodes);
    for (std::size_t code = 0; code < codes; ++code) {
        const double tf = boosted_sum(segment.frequencies(static_cast<std::uint32_t>(code)), field_weights);
        for (std::size_t cls = 0; tf > 0.0 && cls < kClasses; ++cls) {
            const float bound = static_cast<float>(scoring.tf_part(tf, shortest_[cls]));
            bounds_[code * kClasses + cls] = bound;
            if (longest_[cls] > 0.0) least_bound_ = std::min(least_bound_, bound);
        }
    }
    // tf_part is concave in tf and depends on tf / norm, so a ratio of norms bounds the ratio of
    // contributions.
    for (std::size_t cls = 0; cls < kClasses; ++cls) {
        if (longest_[cls] == 0.0) continue;
        tightness_ =
            std::min(tightness_, scoring.length_norm(shortest_[cls]) / scoring.length_norm(longest_[cls]));
    }
}

}  // namespace rocchio::lexical
