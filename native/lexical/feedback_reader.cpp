#include "lexical/feedback_reader.hpp"

#include <algorithm>
#include <functional>

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

FeedbackReader::FeedbackReader(const Searcher& searcher, const TermFilter& filter)
    : searcher_(searcher), filter_(filter) {
    for (std::size_t segment = 0; segment < searcher.segment_count(); ++segment) {
        refused_ranks_.push_back(searcher.frequent_ranks(segment, filter.most_documents));
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
    std::ranges::sort(counted_, std::greater<>(), &Counted::frequency);
    for (std::size_t begin = 0; begin < counted_.size() && out.size() < filter_.most_per_document;) {
        const double frequency = counted_[begin].frequency;
        equal_.clear();
        for (; begin < counted_.size() && counted_[begin].frequency == frequency; ++begin) {
            equal_.push_back(from.term_of_rank(counted_[begin].rank));
        }
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
const FeedbackReader::Verdict& FeedbackReader::verdict_on(std::uint32_t segment, std::uint32_t term) {
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

}  // namespace rocchio::lexical
