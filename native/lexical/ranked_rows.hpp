#pragma once
// From what queries found in each segment, by any scores, to the best over all segments.

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "lexical/searcher.hpp"

namespace rocchio::lexical {

/// What queries found in one segment: `width` places for each query, by score, row -1 where there is nothing.
struct RankedRows {
    std::uint32_t segment;
    std::size_t width;
    std::span<const std::int64_t> rows;
    std::span<const float> scores;
};

/// The best of all parts, and which (part, query) end within equal scores.
struct RankedPlaces {
    BatchResult best;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> tied;
};

/// The best k of each query, score descending, then doc_id ascending (bytewise), then row; none that scores
/// less than `least`. A part with more than k places for each query whose last of the best k scores like the
/// next is `tied`: rows that it lacks may score so too, and come first by doc_id. Throws out_of_range for
/// what is no row of the searcher's segments.
RankedPlaces best_rows(const Searcher& searcher, std::span<const RankedRows> parts, std::size_t queries,
                       std::size_t k, float least);

}  // namespace rocchio::lexical
