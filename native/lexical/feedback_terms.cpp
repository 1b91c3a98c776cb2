#include "lexical/feedback_terms.hpp"

#include <algorithm>

#include "lexical/feedback_reader.hpp"
#include "lexical/searcher.hpp"

namespace rocchio::lexical {
namespace {

/// An accepted term of one document.
struct Entry {
    std::uint32_t term;
    std::uint32_t place;     // of the document in the order of doc_ids
    std::uint32_t document;  // as it was given
    double frequency;
    std::uint64_t document_frequency;  // of the collection
    std::string_view text;
};

void sort_by_term(std::span<Entry> entries, bool one_segment) {
    if (one_segment) {
        std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
            return a.term != b.term ? a.term < b.term : a.place < b.place;
        });
    } else {
        std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
            return a.text != b.text ? a.text < b.text : a.place < b.place;
        });
    }
}

/// Appends a query whose entries are sorted by term.
void append_query(std::span<const Entry> entries, FeedbackTerms& out) {
    const std::size_t before = out.document_frequencies.size();
    const Entry* last = nullptr;
    for (const Entry& entry : entries) {
        if (last == nullptr || last->text != entry.text) {
            out.bytes.insert(out.bytes.end(), entry.text.begin(), entry.text.end());
            out.term_offsets.push_back(static_cast<std::int64_t>(out.bytes.size()));
            out.document_frequencies.push_back(entry.document_frequency);
        }
        last = &entry;
        const std::size_t place = out.document_frequencies.size() - 1 - before;
        out.entry_terms.push_back(static_cast<std::uint32_t>(place));
        out.entry_documents.push_back(entry.document);
        out.entry_frequencies.push_back(entry.frequency);
    }
    out.query_terms.push_back(out.document_frequencies.size());
    out.query_entries.push_back(out.entry_terms.size());
}

}  // namespace

FeedbackTerms Searcher::feedback_terms(const FeedbackDocuments& documents, const TermFilter& filter) const {
    FeedbackTerms out;
    FeedbackReader reader(*this, filter, true);
    std::vector<FeedbackDocument> given;
    std::vector<AcceptedTerm> accepted;
    std::vector<Entry> entries;
    for (std::size_t query = 0; query + 1 < documents.offsets.size(); ++query) {
        const bool one_segment = in_order_of_doc_ids(*this, documents, query, given);
        entries.clear();
        for (std::uint32_t place = 0; place < given.size(); ++place) {
            reader.read(given[place].segment, given[place].row, accepted);
            for (const AcceptedTerm& term : accepted) {
                entries.push_back({term.term, place, given[place].number, term.frequency,
                                   term.document_frequency, term.text});
            }
        }
        sort_by_term(entries, one_segment);
        append_query(entries, out);
    }
    return out;
}

std::uint64_t Searcher::feedback_frequency(const Segment& from, std::uint32_t id,
                                           std::string_view term) const {
    // of some fields only, or of impacts: tombstones do not have the count
    if (!tombstones_count_) return document_frequency(term);
    if (segments_.size() == 1) return from.live_document_frequency(id);
    std::uint64_t documents = 0;
    for (const auto& segment : segments_) {
        if (const auto found = segment->find_term(term)) {
            documents += segment->live_document_frequency(*found);
        }
    }
    return documents;
}

std::optional<std::size_t> Searcher::frequent_ranks(std::size_t segment, std::uint64_t documents) const {
    const Segment& of = *segments_[segment];
    if (!tombstones_count_ || !of.live().empty()) return std::nullopt;
    std::size_t low = 0;
    std::size_t high = of.term_count();
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (of.posting_count(of.term_of_rank(middle)) > documents) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

double Searcher::collection_frequency(std::string_view term) const {
    double total = 0.0;
    for (std::uint32_t s = 0; s < segments_.size(); ++s) {
        const auto id = segments_[s]->find_term(term);
        if (!id) continue;
        const PostingList list = segments_[s]->postings(*id);
        for (std::size_t i = 0; i < list.rows.size(); ++i) {
            if (segments_[s]->is_live(list.rows[i])) total += frequencies(s)[list.codes[i]];
        }
    }
    return total;
}

}  // namespace rocchio::lexical
