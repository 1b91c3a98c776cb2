#include "lexical/feedback_reader.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <tuple>

#include "lexical/forward_codec.hpp"

namespace rocchio::lexical {
namespace {

/// By byte: the forms that a term of such bytes has.
constexpr auto kFormsOfByte = [] {
    std::array<std::uint8_t, 256> forms{};
    for (unsigned byte = '0'; byte <= '9'; ++byte) forms[byte] = kLettersOrDigits | kDigits;
    for (unsigned byte = 'a'; byte <= 'z'; ++byte) forms[byte] = kLettersOrDigits | kLetters;
    return forms;
}();

}  // namespace

bool TermFilter::accepts(std::string_view term) const {
    std::uint32_t characters = 0;
    std::uint8_t forms = kLettersOrDigits | kDigits | kLetters;
    for (const char each : term) {
        const auto byte = static_cast<std::uint8_t>(each);
        characters += (byte & 0xC0) != 0x80;  // those that begin one
        forms &= kFormsOfByte[byte];
    }
    return characters >= least_characters && characters <= most_characters &&
           (forms & required_forms) == required_forms && (forms & refused_forms) == 0;
}

bool in_order_of_doc_ids(const Searcher& searcher, const FeedbackDocuments& documents, std::size_t query,
                         std::vector<FeedbackDocument>& out) {
    out.clear();
    const std::uint64_t begin = documents.offsets[query];
    bool one_segment = true;
    for (std::uint64_t i = begin; i < documents.offsets[query + 1]; ++i) {
        const std::uint32_t segment = documents.segments[i];
        one_segment = one_segment && segment == documents.segments[begin];
        out.push_back({segment, documents.rows[i], static_cast<std::uint32_t>(i - begin), {}});
    }
    if (one_segment && !out.empty()) {  // which knows the order of its rows
        const auto ranks = searcher.doc_id_ranks(out.front().segment);
        std::ranges::sort(out, {}, [&](const FeedbackDocument& each) { return ranks[each.row]; });
    } else {
        for (FeedbackDocument& each : out) each.doc_id = searcher.doc_id(each.segment, each.row);
        std::ranges::sort(out, {}, &FeedbackDocument::doc_id);
    }
    return one_segment;
}

std::pair<std::uint32_t*, bool> NumberByKey::find_or_add(std::uint64_t key) {
    if (2 * used_ >= slots_.size()) grow();
    Slot& slot = slot_of(key);
    const bool is_new = slot.key == kFree;
    if (is_new) {
        slot.key = key;
        ++used_;
    }
    return {&slot.number, is_new};
}

/// The slot of a key, or the free one where it belongs.
NumberByKey::Slot& NumberByKey::slot_of(std::uint64_t key) {
    const std::size_t mask = slots_.size() - 1;
    // Fibonacci hashing: neighbours are spread over all slots
    std::size_t place = static_cast<std::size_t>(key * 0x9E3779B97F4A7C15 >> 32) & mask;
    while (slots_[place].key != kFree && slots_[place].key != key) place = (place + 1) & mask;
    return slots_[place];
}

void NumberByKey::grow() {
    std::vector<Slot> before(std::max<std::size_t>(512, 2 * slots_.size()));
    before.swap(slots_);
    for (const Slot& slot : before) {
        if (slot.key != kFree) slot_of(slot.key) = slot;
    }
}

FeedbackReader::FeedbackReader(const Searcher& searcher, const TermFilter& filter, bool wants_frequencies)
    : searcher_(searcher),
      filter_(filter),
      frequent_(searcher.frequent_terms(filter.most_documents)),
      reads_frequencies_(wants_frequencies || !frequent_) {}

void FeedbackReader::read(std::uint32_t segment, std::uint32_t row, std::vector<AcceptedTerm>& out) {
    const Segment& from = searcher_.segment(segment);
    const auto frequencies = searcher_.frequencies(segment);
    const std::uint32_t first_rank = frequent_ ? frequent_->first_ranks[segment] : 0;
    from.forward_ranks(row, coded_);
    out.clear();
    counted_.clear();
    for (const std::uint64_t item : coded_) {
        const double frequency = frequencies[Coded::code(item)];
        const std::uint32_t rank = Coded::number(item);
        if (frequency > 0.0 && rank >= first_rank) counted_.push_back({frequency, rank});
    }
    if (filter_.most_per_document != 0) {
        take_most_frequent(segment, out);
        return;
    }
    for (const Counted& counted : counted_) {
        take(segment, from.term_of_rank(counted.rank), counted.frequency, out);
    }
}

void FeedbackReader::take_most_frequent(std::uint32_t segment, std::vector<AcceptedTerm>& out) {
    if (counted_.empty()) return;
    // most terms stand in a document as rarely as any: they are looked at once, and last
    const double least = std::ranges::min_element(counted_, {}, &Counted::frequency)->frequency;
    const auto rarest =
        std::ranges::partition(counted_, [&](const Counted& each) { return each.frequency != least; });
    std::span<Counted> rest = std::span(counted_).first(counted_.size() - rarest.size());
    // by scanning, since a document has few different frequencies
    while (!rest.empty() && out.size() < filter_.most_per_document) {
        const double frequency = std::ranges::max_element(rest, {}, &Counted::frequency)->frequency;
        const auto others =
            std::ranges::partition(rest, [&](const Counted& each) { return each.frequency == frequency; });
        take_equal(segment, rest.first(rest.size() - others.size()), frequency, out);
        rest = rest.last(others.size());
    }
    take_equal(segment, rarest, least, out);
}

/// Terms are numbered in the order of their bytes. Few are taken, so that not all are put in order.
void FeedbackReader::take_equal(std::uint32_t segment, std::span<const Counted> equal, double frequency,
                                std::vector<AcceptedTerm>& out) {
    if (out.size() >= filter_.most_per_document) return;
    equal_.clear();
    for (const Counted& each : equal) equal_.push_back(searcher_.segment(segment).term_of_rank(each.rank));
    std::ranges::make_heap(equal_, std::greater<>());
    while (!equal_.empty() && out.size() < filter_.most_per_document) {
        std::ranges::pop_heap(equal_, std::greater<>());
        take(segment, equal_.back(), frequency, out);
        equal_.pop_back();
    }
}

void FeedbackReader::take(std::uint32_t segment, std::uint32_t term, double frequency,
                          std::vector<AcceptedTerm>& out) {
    const auto [name, is_new] = accepted_.find_or_add(std::uint64_t{segment} << 32 | term);
    // reading a term takes several cache misses
    if (is_new) *name = accepted_name(segment, term);
    if (*name != kRefused) out.push_back({term, *name, frequency});
}

/// The name of a term, kRefused if the filter does not accept it.
std::uint32_t FeedbackReader::accepted_name(std::uint32_t segment, std::uint32_t term) {
    if (frequent_ && frequent_->has(segment, term)) return kRefused;
    const Segment& from = searcher_.segment(segment);
    const std::string_view text = from.term(term);
    if (!filter_.accepts(text)) return kRefused;
    const std::size_t known = names_.size();
    const std::uint32_t name = name_of(text);
    NamedTerm& named = names_[name];
    if (names_.size() > known && reads_frequencies_) {
        named.document_frequency = searcher_.feedback_frequency(from, term, text);
        named.is_accepted = named.document_frequency <= filter_.most_documents;
    }
    return named.is_accepted ? name : kRefused;
}

/// The name of some bytes. A new one is the last of `names_`, accepted for now.
std::uint32_t FeedbackReader::name_of(std::string_view text) {
    const auto next = static_cast<std::uint32_t>(names_.size());
    std::uint32_t name = next;
    if (searcher_.segment_count() > 1) {
        std::uint64_t key = std::hash<std::string_view>{}(text) >> 1;
        auto [found, is_new] = names_by_hash_.find_or_add(key);
        while (!is_new && names_[*found].text != text) {  // others of the same hash
            std::tie(found, is_new) = names_by_hash_.find_or_add(++key);
        }
        if (is_new) *found = next;
        name = *found;
    }
    if (name == next) names_.push_back({text, 0, true});
    return name;
}

}  // namespace rocchio::lexical
