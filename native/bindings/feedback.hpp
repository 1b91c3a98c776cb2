#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <span>

#include "lexical/searcher.hpp"

namespace rocchio::bindings {

/// Throws out_of_range for what is no row of the searcher's segments.
void check_places(const lexical::Searcher& self, std::span<const std::uint32_t> segments,
                  std::span<const std::uint32_t> rows);

/// What feedback asks of a searcher.
void bind_feedback(nanobind::class_<lexical::Searcher>& searcher);

}  // namespace rocchio::bindings
