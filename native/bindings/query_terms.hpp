#pragma once
// The terms of one text, ready to be searched: without arrays, which take longer to make than a text to cut.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/token_table.hpp"

namespace rocchio::bindings {

struct QueryTerms {
    std::vector<std::string> distinct;
    std::vector<std::uint32_t> places;  // of the text's terms, in order, in `distinct`

    /// `ids` are terms of the table.
    QueryTerms(const text::TokenTable& table, std::span<const std::uint32_t> ids) {
        text::DistinctIds found = text::distinct_ids(ids);
        for (const std::uint32_t id : found.ids) distinct.emplace_back(table.terms()[id]);
        places = std::move(found.places);
    }
};

}  // namespace rocchio::bindings
