#pragma once
// What must hold of a column whose bytes come from a file, so that no search reads or writes past an array.

#include <cstddef>

#include "lexical/column.hpp"

namespace rocchio::lexical {

/// The rule that a column breaks, or null; its arrays have the lengths that ColumnSizes says.
const char* broken_rule(const ColumnArrays& column, std::size_t segment_rows, std::size_t code_count);

}  // namespace rocchio::lexical
