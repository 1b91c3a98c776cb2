#include "lexical/feedback_terms.hpp"

#include <algorithm>

#include "lexical/feedback_reader.hpp"
#include "lexical/searcher.hpp"

namespace rocchio::lexical {
namespace {

/// An accepted term of one document.
struct Entry {
    std::uint32_t term;
    std::uint32_t name;
    std::uint32_t place;     // of the document in the order of doc_ids
    std::uint32_t document;  // as it was given
    double frequency;
};

void sort_by_term(std::span<Entry> entries, std::span<const NamedTerm> names, bool one_segment) {
    std::ranges::sort(entries, [=](const Entry& a, const Entry& b) {
        if (a.name == b.name) return a.place < b.place;
        return one_segment ? a.term < b.term : names[a.name].text < names[b.name].text;
    });
}

/// Appends a query whose entries are sorted by term.
void append_query(std::span<const Entry> entries, std::span<const NamedTerm> names, FeedbackTerms& out) {
    const std::size_t before = out.document_frequencies.size();
    const Entry* last = nullptr;
    for (const Entry& entry : entries) {
        if (last == nullptr || last->name != entry.name) {
            const NamedTerm& term = names[entry.name];
            out.bytes.insert(out.bytes.end(), term.text.begin(), term.text.end());
            out.term_offsets.push_back(static_cast<std::int64_t>(out.bytes.size()));
            out.document_frequencies.push_back(term.document_frequency);
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
                entries.push_back({term.term, term.name, place, given[place].number, term.frequency});
            }
        }
        sort_by_term(entries, reader.names(), one_segment);
        append_query(entries, reader.names(), out);
    }
    return out;
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
