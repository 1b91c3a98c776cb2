#include "bindings/feedback.hpp"

#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>

#include <algorithm>
#include <stdexcept>

#include "bindings/arrays.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace rocchio::bindings {

void check_places(const lexical::Searcher& self, std::span<const std::uint32_t> segments,
                  std::span<const std::uint32_t> rows) {
    for (std::size_t i = 0; i < segments.size(); ++i) {
        if (segments[i] >= self.segment_count() || rows[i] >= self.row_count(segments[i])) {
            throw std::out_of_range("expected rows of the snapshot's segments");
        }
    }
}

namespace {

using namespace rocchio::lexical;

FeedbackDocuments checked_documents(const Searcher& self, std::span<const std::uint64_t> offsets,
                                    std::span<const std::uint32_t> segments,
                                    std::span<const std::uint32_t> rows) {
    if (offsets.empty() || offsets.front() != 0 || !std::ranges::is_sorted(offsets) ||
        offsets.back() != rows.size() || segments.size() != rows.size()) {
        throw std::invalid_argument("expected increasing offsets that cover segments and rows");
    }
    check_places(self, segments, rows);
    return {offsets, segments, rows};
}

nb::tuple feedback_terms(const Searcher& self, const InputArray<std::uint64_t>& offsets,
                         const InputArray<std::uint32_t>& segments, const InputArray<std::uint32_t>& rows,
                         std::uint32_t least_characters, std::uint32_t most_characters,
                         std::uint8_t required_forms, std::uint8_t refused_forms,
                         std::uint64_t most_documents, std::uint32_t most_per_document) {
    const TermFilter filter{least_characters, most_characters, required_forms,
                            refused_forms,    most_documents,  most_per_document};
    const auto documents = checked_documents(self, span_of(offsets), span_of(segments), span_of(rows));
    FeedbackTerms terms;
    {
        nb::gil_scoped_release release;
        terms = self.feedback_terms(documents, filter);
    }
    return nb::make_tuple(
        to_numpy(std::move(terms.query_terms)), to_numpy(std::move(terms.bytes)),
        to_numpy(std::move(terms.term_offsets)), to_numpy(std::move(terms.document_frequencies)),
        to_numpy(std::move(terms.query_entries)), to_numpy(std::move(terms.entry_terms)),
        to_numpy(std::move(terms.entry_documents)), to_numpy(std::move(terms.entry_frequencies)));
}

nb::tuple relevance_models(const Searcher& self, const InputArray<std::uint64_t>& offsets,
                           const InputArray<std::uint32_t>& segments, const InputArray<std::uint32_t>& rows,
                           const InputArray<double>& scores, std::uint32_t least_characters,
                           std::uint32_t most_characters, std::uint8_t required_forms,
                           std::uint8_t refused_forms, std::uint64_t most_documents,
                           std::uint32_t most_per_document, double frequency_scale, double least_norm,
                           std::uint32_t terms) {
    const TermFilter filter{least_characters, most_characters, required_forms,
                            refused_forms,    most_documents,  most_per_document};
    const auto documents = checked_documents(self, span_of(offsets), span_of(segments), span_of(rows));
    if (scores.shape(0) != rows.shape(0)) throw std::invalid_argument("expected a score for every row");
    WeightedTerms found;
    {
        nb::gil_scoped_release release;
        found =
            self.relevance_models(documents, span_of(scores), filter, {frequency_scale, least_norm, terms});
    }
    return nb::make_tuple(to_numpy(std::move(found.query_terms)), to_numpy(std::move(found.bytes)),
                          to_numpy(std::move(found.term_offsets)), to_numpy(std::move(found.weights)));
}

}  // namespace

void bind_feedback(nb::class_<Searcher>& searcher) {
    searcher
        .def("feedback_terms", &feedback_terms, "offsets"_a, "segments"_a, "rows"_a, "least_characters"_a,
             "most_characters"_a, "required_forms"_a, "refused_forms"_a, "most_documents"_a,
             "most_per_document"_a,
             "Distinct terms of the documents of each query: (query_terms, bytes, term_offsets, df, "
             "query_entries, entry_terms, entry_documents, entry_frequencies).")
        .def("relevance_models", &relevance_models, "offsets"_a, "segments"_a, "rows"_a, "scores"_a,
             "least_characters"_a, "most_characters"_a, "required_forms"_a, "refused_forms"_a,
             "most_documents"_a, "most_per_document"_a, "frequency_scale"_a, "least_norm"_a, "terms"_a,
             "The heaviest terms of the relevance model of each query's documents: (query_terms, bytes, "
             "term_offsets, weights).")
        .def(
            "collection_frequency",
            [](const Searcher& self, std::string_view term) {
                nb::gil_scoped_release release;
                return self.collection_frequency(term);
            },
            "term"_a, "How often a term stands in the live documents, fields weighed by their boosts.")
        .def(
            "bm25_parts",
            [](const Searcher& self, std::uint64_t documents, const InputArray<std::uint64_t>& df,
               const InputArray<double>& tf, const InputArray<double>& length) {
                if (df.shape(0) != tf.shape(0) || tf.shape(0) != length.shape(0)) {
                    throw std::invalid_argument("expected as many df and lengths as frequencies");
                }
                std::vector<double> parts(tf.shape(0));
                for (std::size_t i = 0; i < parts.size(); ++i) {
                    parts[i] = self.scoring().idf(documents, span_of(df)[i]) *
                               self.scoring().tf_part(span_of(tf)[i], span_of(length)[i]);
                }
                return to_numpy(std::move(parts));
            },
            "documents"_a, "df"_a, "tf"_a, "length"_a,
            "What terms add to scores, idf times the tf part (float64).");
}

}  // namespace rocchio::bindings
