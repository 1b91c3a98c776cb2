#pragma once
// What the documents that a query has found say, term by term: what relevance feedback chooses new terms
// from.

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

namespace rocchio::lexical {

/// Documents of a batch: query i has those at [offsets[i], offsets[i+1]).
struct FeedbackDocuments {
    std::span<const std::uint64_t> offsets;
    std::span<const std::uint32_t> segments;
    std::span<const std::uint32_t> rows;
};

/// How a term is written.
enum TermForm : std::uint8_t {
    kLettersOrDigits = 1,  // [a-z0-9]+
    kDigits = 2,           // [0-9]+
    kLetters = 4,          // [a-z]+
};

/// Which terms count.
struct TermFilter {
    std::uint32_t least_characters = 0;
    std::uint32_t most_characters = std::numeric_limits<std::uint32_t>::max();
    std::uint8_t required_forms = 0;                                           // all of these
    std::uint8_t refused_forms = 0;                                            // none of these
    std::uint64_t most_documents = std::numeric_limits<std::uint64_t>::max();  // of the collection
    /// Of each document its most frequent terms, equal ones in the order of their bytes; 0 keeps all.
    std::uint32_t most_per_document = 0;

    bool accepts(std::string_view term) const;
    bool operator==(const TermFilter&) const = default;
};

/// The distinct terms of the documents of each query, sorted bytewise, and where they stand: entries by term,
/// those of a term in the order of doc_ids.
struct FeedbackTerms {
    std::vector<std::uint64_t> query_terms{0};        // query i has terms [i], [i + 1])
    std::vector<std::uint8_t> bytes;                  // of all terms
    std::vector<std::int64_t> term_offsets{0};        // of each in `bytes`
    std::vector<std::uint64_t> document_frequencies;  // by term: live documents of the collection
    std::vector<std::uint64_t> query_entries{0};      // query i has entries [i], [i + 1])
    std::vector<std::uint32_t> entry_terms;           // by entry: place among the terms of its query
    std::vector<std::uint32_t> entry_documents;       // by entry: place among the documents of its query
    std::vector<double> entry_frequencies;            // by entry: boosted frequency, above 0
};

/// A relevance model of each query: which terms, by how much, and what documents count.
struct RelevanceModel {
    double frequency_scale;  // boosted frequencies are divided by it
    double least_norm;       // documents whose frequencies sum to no more say nothing
    std::uint32_t terms;     // at most so many of each query
};

/// The heaviest terms of each query, with weights above 0, heaviest first, ties by their bytes.
struct WeightedTerms {
    std::vector<std::uint64_t> query_terms{0};  // query i has terms [i], [i + 1])
    std::vector<std::uint8_t> bytes;            // of all terms
    std::vector<std::int64_t> term_offsets{0};  // of each in `bytes`
    std::vector<double> weights;
};

}  // namespace rocchio::lexical
