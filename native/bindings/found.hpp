#pragma once

#include <nanobind/nanobind.h>

#include "bindings/arrays.hpp"
#include "lexical/searcher.hpp"

namespace rocchio::bindings {

/// Hits of a batch as arrays: query i has segments, rows and scores [offsets[i], offsets[i + 1]).
struct FoundArrays {
    std::vector<std::uint64_t> offsets;
    std::vector<std::uint32_t> segments, rows;
    std::vector<float> scores;

    explicit FoundArrays(lexical::BatchResult&& result);
};

/// (offsets, segments, rows, scores).
nanobind::tuple to_tuple(FoundArrays&& found);

/// How a searcher orders rows that were found by other scores.
void bind_best_rows(nanobind::class_<lexical::Searcher>& searcher);

}  // namespace rocchio::bindings
