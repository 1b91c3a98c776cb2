#include "lexical/feedback_reader.hpp"

#include <algorithm>
#include <functional>
#include <span>

#include "lexical/forward_codec.hpp"

namespace rocchio::lexical {
namespace {

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

}  // namespace

bool TermFilter::accepts(std::string_view term) const {
    const std::uint32_t characters = characters_of(term);
    const std::uint8_t form = form_of(term);
    return characters >= least_characters && characters <= most_characters &&
           (form & required_forms) == required_forms && (form & refused_forms) == 0;
}

bool in_order_of_doc_ids(const Searcher& searcher, const FeedbackDocuments& documents, std::size_t query,
                         std::vector<FeedbackDocument>& out) {
    out.clear();
    const std::uint64_t begin = documents.offsets[query];
    bool one_segment = true;
    for (std::uint64_t i = begin; i < documents.offsets[query + 1]; ++i) {
        const std::uint32_t segment = documents.segments[i];
        const std::uint32_t row = documents.rows[i];
        one_segment = one_segment && segment == documents.segments[begin];
        out.push_back({segment, row, static_cast<std::uint32_t>(i - begin), searcher.doc_id(segment, row)});
    }
    std::ranges::sort(out, {}, &FeedbackDocument::doc_id);
    return one_segment;
}

std::pair<Verdict*, bool> Verdicts::find_or_add(std::uint64_t key) {
    if (2 * used_ >= slots_.size()) grow();
    Slot& slot = slot_of(key);
    const bool is_new = !slot.is_used;
    if (is_new) {
        slot.key = key;
        slot.is_used = true;
        ++used_;
    }
    return {&slot.verdict, is_new};
}

/// The slot of a key, or the free one where it belongs.
Verdicts::Slot& Verdicts::slot_of(std::uint64_t key) {
    const std::size_t mask = slots_.size() - 1;
    // Fibonacci hashing: neighbours are spread over all slots
    std::size_t place = static_cast<std::size_t>(key * 0x9E3779B97F4A7C15 >> 32) & mask;
    while (slots_[place].is_used && slots_[place].key != key) place = (place + 1) & mask;
    return slots_[place];
}

void Verdicts::grow() {
    std::vector<Slot> before(std::max<std::size_t>(512, 2 * slots_.size()));
    before.swap(slots_);
    for (const Slot& slot : before) {
        if (slot.is_used) slot_of(slot.key) = slot;
    }
}

FeedbackReader::FeedbackReader(const Searcher& searcher, const TermFilter& filter, bool wants_frequencies)
    : searcher_(searcher), filter_(filter), reads_frequencies_(wants_frequencies) {
    for (std::size_t segment = 0; segment < searcher.segment_count(); ++segment) {
        const auto refused = searcher.frequent_ranks(segment, filter.most_documents);
        refused_ranks_.push_back(refused.value_or(0));
        // in a single segment the ranks tell all
        if (!refused || searcher.segment_count() > 1) reads_frequencies_ = true;
    }
}

void FeedbackReader::read(std::uint32_t segment, std::uint32_t row, std::vector<AcceptedTerm>& out) {
    const Segment& from = searcher_.segment(segment);
    const auto frequencies = searcher_.frequencies(segment);
    from.forward_ranks(row, coded_);
    out.clear();
    counted_.clear();
    for (const std::uint64_t item : coded_) {
        const double frequency = frequencies[Coded::code(item)];
        const std::uint32_t rank = Coded::number(item);
        if (frequency > 0.0 && rank >= refused_ranks_[segment]) counted_.push_back({frequency, rank});
    }
    if (filter_.most_per_document != 0) {
        take_most_frequent(segment, out);
        return;
    }
    for (const Counted& counted : counted_) {
        take(segment, from.term_of_rank(counted.rank), counted.frequency, out);
    }
}

/// Terms are numbered in the order of their bytes. Few are taken, so that the numbers of the others are not
/// looked up.
void FeedbackReader::take_most_frequent(std::uint32_t segment, std::vector<AcceptedTerm>& out) {
    const Segment& from = searcher_.segment(segment);
    std::span<Counted> rest = counted_;
    // by scanning, since a document has few different frequencies
    while (!rest.empty() && out.size() < filter_.most_per_document) {
        const double frequency = std::ranges::max_element(rest, {}, &Counted::frequency)->frequency;
        const auto others =
            std::ranges::partition(rest, [&](const Counted& each) { return each.frequency == frequency; });
        equal_.clear();
        for (const Counted& each : rest.first(rest.size() - others.size())) {
            equal_.push_back(from.term_of_rank(each.rank));
        }
        rest = rest.last(others.size());
        std::ranges::make_heap(equal_, std::greater<>());
        while (!equal_.empty() && out.size() < filter_.most_per_document) {
            std::ranges::pop_heap(equal_, std::greater<>());
            take(segment, equal_.back(), frequency, out);
            equal_.pop_back();
        }
    }
}

void FeedbackReader::take(std::uint32_t segment, std::uint32_t term, double frequency,
                          std::vector<AcceptedTerm>& out) {
    const Verdict& verdict = verdict_on(segment, term);
    if (verdict.is_accepted) out.push_back({term, frequency, verdict.document_frequency, verdict.text});
}

/// Reading a term takes several cache misses.
const Verdict& FeedbackReader::verdict_on(std::uint32_t segment, std::uint32_t term) {
    const auto [found, is_new] = verdicts_.find_or_add(std::uint64_t{segment} << 32 | term);
    Verdict& verdict = *found;
    if (is_new) {
        const Segment& from = searcher_.segment(segment);
        verdict.text = from.term(term);
        verdict.is_accepted = filter_.accepts(verdict.text);
        if (verdict.is_accepted && reads_frequencies_) {
            verdict.document_frequency = searcher_.feedback_frequency(from, term, verdict.text);
            verdict.is_accepted = verdict.document_frequency <= filter_.most_documents;
        }
    }
    return verdict;
}

}  // namespace rocchio::lexical
