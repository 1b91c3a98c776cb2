#include "lexical/feedback_terms.hpp"

#include <algorithm>
#include <unordered_map>

#include "lexical/forward_codec.hpp"
#include "lexical/searcher.hpp"

namespace rocchio::lexical {
namespace {

struct Document {
    std::uint32_t segment;
    std::uint32_t row;
    std::uint32_t number;  // as it was given
    std::string_view doc_id;
};

/// A term of one document.
struct Counted {
    double frequency;
    std::uint32_t term;  // of the segment
};

/// The same, accepted.
struct Entry {
    std::uint32_t term;
    std::uint32_t place;     // of the document in the order of doc_ids
    std::uint32_t document;  // as it was given
    double frequency;
    std::uint64_t document_frequency;  // of the collection
    std::string_view text;
};

std::uint8_t form_of(std::string_view term) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
    const auto digits = std::ranges::count_if(term, is_digit);
    const auto letters = std::ranges::count_if(term, is_letter);
    const auto all = static_cast<std::ptrdiff_t>(term.size());
    return static_cast<std::uint8_t>((digits + letters == all ? kLettersOrDigits : 0) |
                                     (digits == all ? kDigits : 0) | (letters == all ? kLetters : 0));
}

std::uint32_t characters_of(std::string_view term) {
    const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
    return static_cast<std::uint32_t>(std::ranges::count_if(term, begins));
}

/// Orders the most frequent terms last. The terms of a segment are numbered in the order of their bytes.
bool is_less_frequent(const Counted& a, const Counted& b) {
    return a.frequency != b.frequency ? a.frequency < b.frequency : a.term > b.term;
}

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

/// Takes the accepted entries of one searcher's documents.
class Gatherer {
  public:
    Gatherer(const Searcher& searcher, const TermFilter& filter) : searcher_(searcher), filter_(filter) {}

    void add(const Document& given, std::uint32_t place, std::vector<Entry>& out) {
        const std::uint32_t segment = given.segment;
        const Segment& from = searcher_.segment(segment);
        const auto frequencies = searcher_.frequencies(segment);
        from.forward_by_rank(given.row, coded_);
        counted_.clear();
        for (const std::uint64_t item : coded_) {
            const double frequency = frequencies[Coded::code(item)];
            if (frequency > 0.0) counted_.push_back({frequency, Coded::number(item)});
        }
        if (filter_.most_per_document == 0) {
            for (const Counted& counted : counted_) take(segment, counted, place, given.number, out);
            return;
        }
        // a heap, since few of the terms are taken
        std::ranges::make_heap(counted_, is_less_frequent);
        std::uint32_t taken = 0;
        while (!counted_.empty() && taken < filter_.most_per_document) {
            std::ranges::pop_heap(counted_, is_less_frequent);
            if (take(segment, counted_.back(), place, given.number, out)) ++taken;
            counted_.pop_back();
        }
    }

  private:
    bool take(std::uint32_t segment, const Counted& counted, std::uint32_t place, std::uint32_t document,
              std::vector<Entry>& out) {
        const Verdict& verdict = verdict_on(segment, counted.term);
        if (!verdict.is_accepted) return false;
        out.push_back(
            {counted.term, place, document, counted.frequency, verdict.document_frequency, verdict.text});
        return true;
    }

    struct Verdict {
        std::string_view text;
        std::uint64_t document_frequency;
        bool is_accepted;
    };

    /// Reading a term takes several cache misses; the queries of a batch share many.
    const Verdict& verdict_on(std::uint32_t segment, std::uint32_t term) {
        const auto [found, is_new] = verdicts_.try_emplace(std::uint64_t{segment} << 32 | term);
        Verdict& verdict = found->second;
        if (is_new) {
            const Segment& from = searcher_.segment(segment);
            verdict.text = from.term(term);
            verdict.is_accepted = filter_.accepts(verdict.text);
            if (verdict.is_accepted) {
                verdict.document_frequency = searcher_.feedback_frequency(from, term, verdict.text);
                verdict.is_accepted = verdict.document_frequency <= filter_.most_documents;
            }
        }
        return verdict;
    }

    const Searcher& searcher_;
    const TermFilter& filter_;
    std::vector<std::uint64_t> coded_;
    std::vector<Counted> counted_;
    std::unordered_map<std::uint64_t, Verdict> verdicts_;  // by segment and term
};

}  // namespace

bool TermFilter::accepts(std::string_view term) const {
    const std::uint32_t characters = characters_of(term);
    const std::uint8_t form = form_of(term);
    return characters >= least_characters && characters <= most_characters &&
           (form & required_forms) == required_forms && (form & refused_forms) == 0;
}

FeedbackTerms Searcher::feedback_terms(const FeedbackDocuments& documents, const TermFilter& filter) const {
    FeedbackTerms out;
    Gatherer gatherer(*this, filter);
    std::vector<Document> given;
    std::vector<Entry> entries;
    for (std::size_t query = 0; query + 1 < documents.offsets.size(); ++query) {
        given.clear();
        const std::uint64_t begin = documents.offsets[query];
        bool one_segment = true;
        for (std::uint64_t i = begin; i < documents.offsets[query + 1]; ++i) {
            const std::uint32_t segment = documents.segments[i];
            const std::uint32_t row = documents.rows[i];
            one_segment = one_segment && segment == documents.segments[begin];
            given.push_back({segment, row, static_cast<std::uint32_t>(i - begin), doc_id(segment, row)});
        }
        // so that sums over documents do not depend on the order in which they are given
        std::ranges::sort(given, {}, &Document::doc_id);
        entries.clear();
        for (std::uint32_t place = 0; place < given.size(); ++place) {
            gatherer.add(given[place], place, entries);
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
