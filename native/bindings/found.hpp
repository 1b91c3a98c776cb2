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

    FoundArrays() = default;
    explicit FoundArrays(lexical::BatchResult&& result);
};

/// (offsets, segments, rows, scores).
nanobind::tuple to_tuple(FoundArrays&& found);

/// What a searcher says of rows that were found: their doc_ids, and their order if other scores found them.
void bind_found(nanobind::class_<lexical::Searcher>& searcher);

}  // namespace rocchio::bindings
