#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

#include "bindings/arrays.hpp"
#include "bindings/bind.hpp"
#include "bindings/query_terms.hpp"
#include "text/porter.hpp"
#include "text/string_interner.hpp"
#include "text/token_table.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace rocchio::bindings {
namespace {

using namespace rocchio::text;

using Ids = OutputArray<std::uint32_t>;
using Offsets = OutputArray<std::int64_t>;

/// Lets other threads run Python meanwhile, but not during work that is shorter than waiting for one's turn
/// again.
class ReleaseIfLong {
  public:
    explicit ReleaseIfLong(std::size_t size) {
        if (size > kLong) {
            release_.emplace();
        }
    }

  private:
    static constexpr std::size_t kLong = 8192;
    std::optional<nb::gil_scoped_release> release_;
};

std::pair<Ids, Offsets> to_arrays(TokenBatch&& batch) {
    return {to_numpy(std::move(batch.ids)), to_numpy(std::move(batch.offsets))};
}

TokenizerKind kind_named(std::string_view name) {
    if (const auto kind = tokenizer_kind(name)) {
        return *kind;
    }
    throw std::invalid_argument("expected a tokenizer (standard, words, cjk_bigrams, whitespace), found '" +
                                std::string(name) + "'");
}

std::pair<Ids, Offsets> tokenize_batch(TokenTable& table, const InputArray<std::uint8_t>& data,
                                       const InputArray<std::int64_t>& offsets) {
    const auto bytes = span_of(data);
    TokenBatch batch;
    {
        const ReleaseIfLong release(bytes.size());
        batch = table.tokenize({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, span_of(offsets));
    }
    return to_arrays(std::move(batch));
}

std::pair<Ids, Offsets> map_batch(const TokenTable& table, const InputArray<std::uint32_t>& surfaces,
                                  const InputArray<std::int64_t>& offsets) {
    TokenBatch batch;
    {
        const ReleaseIfLong release(surfaces.shape(0));
        batch = table.map(span_of(surfaces), span_of(offsets));
    }
    return to_arrays(std::move(batch));
}

std::tuple<Ids, Offsets, Offsets> spans_of(TokenTable& table, const nb::bytes& data) {
    std::vector<std::uint32_t> surfaces;
    std::vector<std::int64_t> starts, ends;
    for (const Span& span : table.spans({data.c_str(), data.size()})) {
        surfaces.push_back(span.surface);
        starts.push_back(span.start);
        ends.push_back(span.end);
    }
    return {to_numpy(std::move(surfaces)), to_numpy(std::move(starts)), to_numpy(std::move(ends))};
}

std::vector<std::string_view> unresolved(const TokenTable& table) {
    std::vector<std::string_view> surfaces;
    for (std::size_t id = table.first_unresolved(); id < table.surfaces().size(); ++id) {
        surfaces.push_back(table.surfaces()[static_cast<std::uint32_t>(id)]);
    }
    return surfaces;
}

void resolve(TokenTable& table, const std::vector<std::optional<std::string_view>>& terms) {
    const std::size_t expected = table.surfaces().size() - table.first_unresolved();
    if (terms.size() != expected) {
        throw std::invalid_argument("expected a term or None for each of " + std::to_string(expected) +
                                    " unresolved surfaces, found " + std::to_string(terms.size()));
    }
    for (const auto& term : terms) {
        table.resolve_next(term);
    }
}

Ids intern_surfaces(TokenTable& table, const std::vector<std::string_view>& tokens) {
    std::vector<std::uint32_t> surfaces;
    surfaces.reserve(tokens.size());
    for (const std::string_view token : tokens) {
        surfaces.push_back(table.intern_surface(token));
    }
    return to_numpy(std::move(surfaces));
}

Ids terms_of(const TokenTable& table, const InputArray<std::uint32_t>& surfaces) {
    std::vector<std::uint32_t> terms;
    {
        nb::gil_scoped_release release;
        terms = table.terms_of(span_of(surfaces));
    }
    return to_numpy(std::move(terms));
}

std::pair<OutputArray<std::uint8_t>, Offsets> term_bytes(const TokenTable& table) {
    const auto bytes = table.terms().bytes();
    const auto offsets = table.terms().offsets();
    return {to_numpy(std::vector<std::uint8_t>(bytes.begin(), bytes.end())),
            to_numpy(std::vector<std::int64_t>(offsets.begin(), offsets.end()))};
}

void check_terms(const TokenTable& table, std::span<const std::uint32_t> ids) {
    if (!ids.empty() && std::ranges::max(ids) >= table.terms().size()) {
        throw std::invalid_argument("expected term ids of this table, found another");
    }
}

std::tuple<OutputArray<std::uint8_t>, Offsets, Ids> distinct_terms(const TokenTable& table,
                                                                   const InputArray<std::uint32_t>& ids) {
    std::vector<std::uint8_t> bytes;
    std::vector<std::int64_t> offsets{0};
    DistinctIds found;
    {
        const ReleaseIfLong release(ids.shape(0));
        check_terms(table, span_of(ids));
        found = distinct_ids(span_of(ids));
        for (const std::uint32_t id : found.ids) {
            const std::string_view term = table.terms()[id];
            bytes.insert(bytes.end(), term.begin(), term.end());
            offsets.push_back(static_cast<std::int64_t>(bytes.size()));
        }
    }
    return {to_numpy(std::move(bytes)), to_numpy(std::move(offsets)), to_numpy(std::move(found.places))};
}

std::optional<QueryTerms> query_terms(TokenTable& table, std::string_view text) {
    const std::array<std::int64_t, 2> whole{0, static_cast<std::int64_t>(text.size())};
    const TokenBatch surfaces = table.tokenize(text, whole);
    if (table.first_unresolved() < table.surfaces().size()) return std::nullopt;
    return QueryTerms(table, table.map(surfaces.ids, surfaces.offsets).ids);
}

std::string_view term_of_id(const TokenTable& table, std::uint32_t id) {
    if (id >= table.terms().size()) {
        throw std::invalid_argument("expected a term id below " + std::to_string(table.terms().size()) +
                                    ", found " + std::to_string(id));
    }
    return table.terms()[id];
}

std::vector<std::string> stem_all(const std::vector<std::string_view>& words) {
    std::vector<std::string> stems;
    stems.reserve(words.size());
    for (const std::string_view word : words) {
        stems.push_back(porter_stem(word));
    }
    return stems;
}

std::vector<std::uint32_t> intern_all(StringInterner& strings, std::span<const std::uint8_t> bytes,
                                      std::span<const std::int64_t> offsets) {
    if (offsets.empty() || offsets.front() < 0 || !std::ranges::is_sorted(offsets) ||
        static_cast<std::size_t>(offsets.back()) > bytes.size()) {
        throw std::invalid_argument("expected increasing string offsets inside the bytes");
    }
    const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    std::vector<std::uint32_t> ids;
    ids.reserve(offsets.size() - 1);
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
        const auto first = static_cast<std::size_t>(offsets[i]);
        const std::string_view text = all.substr(first, static_cast<std::size_t>(offsets[i + 1]) - first);
        ids.push_back(strings.intern(text, strings.key_of(text, all.size() - first)));
    }
    return ids;
}

void bind_strings(nb::module_& module) {
    nb::class_<StringInterner>(module, "StringTable",
                               "Numbers strings 0, 1, 2, ... as they come. For one thread.")
        .def("__init__", [](StringInterner* self) { new (self) StringInterner(random_seed()); })
        .def(
            "intern",
            [](StringInterner& self, const InputArray<std::uint8_t>& bytes,
               const InputArray<std::int64_t>& offsets) {
                std::vector<std::uint32_t> ids;
                {
                    nb::gil_scoped_release release;
                    ids = intern_all(self, span_of(bytes), span_of(offsets));
                }
                return to_numpy(std::move(ids));
            },
            "bytes"_a, "offsets"_a,
            "Numbers (uint32) of the strings bytes[offsets[i]:offsets[i+1]]; ValueError for bad offsets.")
        .def(
            "strings",
            [](const StringInterner& self) {
                const auto bytes = self.bytes();
                const auto offsets = self.offsets();
                return std::pair{to_numpy(std::vector<std::uint8_t>(bytes.begin(), bytes.end())),
                                 to_numpy(std::vector<std::int64_t>(offsets.begin(), offsets.end()))};
            },
            "(bytes, offsets) of all strings in order of their numbers.")
        .def("__len__", &StringInterner::size)
        .def_prop_ro("memory_bytes", &StringInterner::memory_bytes);
}

}  // namespace

void bind_text(nb::module_& module) {
    bind_strings(module);
    module.attr("UNRESOLVED") = kUnresolved;
    module.attr("DROPPED") = kDropped;
    module.def("porter_stem", &stem_all, "words"_a,
               "Porter stems of lower-case words (others stay as they are).");

    nb::class_<QueryTerms>(module, "QueryTerms", "The terms of one text, ready to be searched.")
        .def_prop_ro(
            "terms",
            [](const QueryTerms& self) {
                std::vector<std::string> terms;
                for (const std::uint32_t place : self.places) terms.push_back(self.distinct[place]);
                return terms;
            },
            "The terms as strings, in order.");

    nb::class_<TokenTable>(module, "TokenTable", "Tokens to surfaces to terms. For one thread at a time.")
        .def(
            "__init__",
            [](TokenTable* self, std::string_view kind) { new (self) TokenTable(kind_named(kind)); },
            "kind"_a, "kind: standard, words, cjk_bigrams or whitespace; ValueError otherwise.")
        .def("tokenize", &tokenize_batch, "data"_a, "offsets"_a,
             "(surfaces, offsets) of the texts data[offsets[i]:offsets[i+1]]; ValueError for bad offsets.")
        .def("spans", &spans_of, "data"_a, "(surfaces, starts, ends) of one text's tokens, in bytes.")
        .def("unresolved", &unresolved, "The surfaces that have no term yet, in order of their ids.")
        .def("resolve", &resolve, "terms"_a, "Gives each of unresolved() its term; None drops it.")
        .def("intern_surfaces", &intern_surfaces, "tokens"_a, "Surfaces of tokens that were cut elsewhere.")
        .def("terms_of", &terms_of, "surfaces"_a, "Each surface's term, UNRESOLVED or DROPPED.")
        .def("map", &map_batch, "surfaces"_a, "offsets"_a,
             "(terms, offsets) of a batch without dropped ones; ValueError for unresolved surfaces.")
        .def("distinct_terms", &distinct_terms, "ids"_a,
             "(bytes, offsets, places): the different terms in order of their ids, and which of them each id "
             "is; "
             "ValueError for an id that is not here.")
        .def("query_terms", &query_terms, "text"_a,
             "The terms of one text; None if it has surfaces, or others are here, that have no term yet.")
        .def(
            "query_terms_of",
            [](const TokenTable& self, const InputArray<std::uint32_t>& ids) {
                check_terms(self, span_of(ids));
                return QueryTerms(self, span_of(ids));
            },
            "ids"_a, "The terms with these ids; ValueError for an id that is not here.")
        .def("term_bytes", &term_bytes, "(bytes, offsets) of all terms in order of their ids.")
        .def(
            "find_term",
            [](const TokenTable& self, std::string_view term) { return self.terms().find(term); }, "term"_a,
            "The id of a term, or None.")
        .def("term", &term_of_id, "id"_a, "The string of a term id; ValueError for one that is not here.")
        .def_prop_ro("term_count", [](const TokenTable& self) { return self.terms().size(); })
        .def_prop_ro("surface_count", [](const TokenTable& self) { return self.surfaces().size(); })
        .def_prop_ro("memory_bytes", &TokenTable::memory_bytes);
}

}  // namespace rocchio::bindings
