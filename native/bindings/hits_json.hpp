#pragma once
// Hits as text of JSON, made where the interpreter's lock is not held.

#include <span>
#include <string>

#include "lexical/searcher.hpp"

namespace rocchio::bindings {

/// [{"doc_id":...,"score":...},...]: the numbers that Python would print of the scores as doubles. Throws
/// Corruption for a doc_id that is not UTF-8.
std::string hits_json(const lexical::Searcher& searcher, std::span<const lexical::Scored> hits);

}  // namespace rocchio::bindings
