#pragma once
// The best k hits in their final order.

#include <cstddef>
#include <vector>

#include "lexical/doc_id_order.hpp"
#include "lexical/query.hpp"

namespace rocchio::lexical {

/// Keeps the k best hits: score descending, then doc_id ascending.
void keep_best(std::vector<Scored>& hits, std::size_t k, const DocIdOrder& order);

}  // namespace rocchio::lexical
