#include "lexical/builder.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "lexical/forward_codec.hpp"
#include "lexical/posting_codec.hpp"

namespace rocchio::lexical {
namespace {

void check_terms(const FieldTerms& field, std::size_t documents, std::size_t term_limit) {
    const auto& offsets = field.offsets;
    if (offsets.empty() || offsets.size() != documents + 1 || offsets.front() != 0 ||
        !std::ranges::is_sorted(offsets) || static_cast<std::size_t>(offsets.back()) != field.ids.size()) {
        throw std::invalid_argument("expected increasing offsets that cover the term ids, one per document");
    }
    if (std::ranges::any_of(field.ids, [&](std::uint32_t id) { return id >= term_limit; })) {
        throw std::invalid_argument("expected term ids below the size of the token table");
    }
}

std::span<const std::uint32_t> terms_of(const FieldTerms& field, std::size_t document) {
    const auto first = static_cast<std::size_t>(field.offsets[document]);
    return field.ids.subspan(first, static_cast<std::size_t>(field.offsets[document + 1]) - first);
}

}  // namespace

SegmentBuilder::SegmentBuilder(std::size_t field_count)
    : field_count_(field_count), frequencies_(field_count), lengths_(field_count) {
    if (field_count == 0) throw std::invalid_argument("expected at least one text field, found none");
}

std::size_t SegmentBuilder::memory_bytes() const {
    return slots_.capacity() * sizeof(Slot) +
           (terms_.capacity() + codes_.capacity()) * sizeof(std::uint32_t) +
           offsets_.capacity() * sizeof(std::uint64_t) +
           field_count_ * lengths_[0].capacity() * sizeof(std::uint32_t);
}

void SegmentBuilder::add(std::span<const FieldTerms> fields, std::size_t term_limit) {
    if (fields.size() != field_count_) throw std::invalid_argument("expected one list of terms per field");
    const std::size_t documents = fields[0].offsets.size() - 1;
    for (const FieldTerms& field : fields) check_terms(field, documents, term_limit);
    make_room(documents, term_limit);
    for (std::size_t document = 0; document < documents; ++document) {
        begin_document();
        for (std::size_t f = 0; f < field_count_; ++f) {
            const auto ids = terms_of(fields[f], document);
            for (const std::uint32_t term : ids) count(term, f, 1);
            lengths_[f].push_back(static_cast<std::uint32_t>(ids.size()));
        }
        end_document();
    }
}

void SegmentBuilder::add_impacts(const FieldTerms& terms, std::span<const std::uint32_t> impacts,
                                 std::size_t term_limit) {
    if (field_count_ != 1) throw std::invalid_argument("expected a builder of one field for impacts");
    if (impacts.size() != terms.ids.size()) throw std::invalid_argument("expected an impact for every term");
    const std::size_t documents = terms.offsets.size() - 1;
    check_terms(terms, documents, term_limit);
    if (std::ranges::find(impacts, 0u) != impacts.end()) {
        throw std::invalid_argument("expected impacts of at least 1");
    }
    std::vector<std::uint32_t> totals;
    for (std::size_t document = 0; document < documents; ++document) {
        const auto first = static_cast<std::size_t>(terms.offsets[document]);
        const auto of_document = impacts.subspan(first, terms_of(terms, document).size());
        const auto total = std::accumulate(of_document.begin(), of_document.end(), std::uint64_t{0});
        if (total > std::numeric_limits<std::uint32_t>::max()) {
            throw std::invalid_argument("expected impacts of a document that add up to less than 2^32");
        }
        totals.push_back(static_cast<std::uint32_t>(total));
    }
    make_room(documents, term_limit);
    for (std::size_t document = 0; document < documents; ++document) {
        begin_document();
        auto impact = impacts.begin() + terms.offsets[document];
        for (const std::uint32_t term : terms_of(terms, document)) count(term, 0, *impact++);
        lengths_[0].push_back(totals[document]);
        end_document();
    }
}

void SegmentBuilder::make_room(std::size_t documents, std::size_t term_limit) {
    if (row_count() + documents >= std::numeric_limits<std::uint32_t>::max()) {
        throw std::invalid_argument("expected fewer than 2^32 documents in a segment");
    }
    slots_.resize(std::max(slots_.size(), term_limit));
}

void SegmentBuilder::begin_document() {
    row_stamp_ = static_cast<std::uint32_t>(offsets_.size());
    document_terms_.clear();
    document_counts_.clear();
}

void SegmentBuilder::count(std::uint32_t term, std::size_t field, std::uint32_t frequency) {
    Slot& slot = slots_[term];
    if (slot.row_stamp != row_stamp_) {
        slot = {row_stamp_, static_cast<std::uint32_t>(document_terms_.size())};
        document_terms_.push_back(term);
        document_counts_.insert(document_counts_.end(), field_count_, 0);
    }
    document_counts_[slot.index * field_count_ + field] += frequency;
}

void SegmentBuilder::end_document() {
    for (std::size_t i = 0; i < document_terms_.size(); ++i) {
        terms_.push_back(document_terms_[i]);
        codes_.push_back(
            frequencies_.intern(std::span(document_counts_).subspan(i * field_count_, field_count_)));
    }
    offsets_.push_back(terms_.size());
}

// Returns old term id -> new id (position in the sorted dictionary); fills the dictionary and the counts.
std::vector<std::uint32_t> SegmentBuilder::sort_terms(std::span<const std::string_view> term_strings,
                                                      BuiltSegment& built) const {
    std::vector<std::uint64_t> df(term_strings.size(), 0);
    for (std::uint32_t term : terms_) ++df[term];
    std::vector<std::uint32_t> used;
    for (std::uint32_t term = 0; term < df.size(); ++term) {
        if (df[term] > 0) used.push_back(term);
    }
    std::sort(used.begin(), used.end(),
              [&](std::uint32_t a, std::uint32_t b) { return term_strings[a] < term_strings[b]; });
    std::vector<std::uint32_t> new_id(term_strings.size(), 0);
    for (std::size_t place = 0; place < used.size(); ++place) {
        const std::string_view term = term_strings[used[place]];
        new_id[used[place]] = static_cast<std::uint32_t>(place);
        built.term_bytes.insert(built.term_bytes.end(), term.begin(), term.end());
        built.term_offsets.push_back(built.term_bytes.size());
        built.posting_counts.push_back(built.posting_counts.back() + df[used[place]]);
    }
    return new_id;
}

void SegmentBuilder::relabel(std::span<const std::uint32_t> new_id, std::span<const std::uint32_t> rank) {
    for (std::uint32_t& term : terms_) term = new_id[term];
    for (std::uint32_t& code : codes_) code = rank[code];
}

void SegmentBuilder::encode_forward(BuiltSegment& built) const {
    const std::vector<std::uint32_t> rank_of = ranks_of(built.term_order);
    std::vector<std::uint64_t> document;
    for (std::size_t row = 0; row < row_count(); ++row) {
        document.clear();
        for (std::uint64_t i = offsets_[row]; i < offsets_[row + 1]; ++i) {
            document.push_back(Coded::join(rank_of[terms_[i]], codes_[i]));
        }
        std::ranges::sort(document);
        encode_row(document, built.forward.bytes);
        built.forward.end_item();
    }
}

// Codes are brought into the order of terms before rows are: what was collected is freed in between.
void SegmentBuilder::encode_lists(BuiltSegment& built) {
    const auto by_term = [&](auto&& value_of) {
        std::vector<std::uint32_t> sorted(terms_.size());
        std::vector<std::uint64_t> fill(built.posting_counts.begin(), built.posting_counts.end() - 1);
        for (std::size_t row = 0; row < row_count(); ++row) {
            for (std::uint64_t i = offsets_[row]; i < offsets_[row + 1]; ++i) {
                sorted[fill[terms_[i]]++] = value_of(row, i);
            }
        }
        return sorted;
    };
    const auto codes = by_term([&](std::size_t, std::uint64_t i) { return codes_[i]; });
    codes_ = std::vector<std::uint32_t>();  // unlike {}, this frees
    const auto rows = by_term([](std::size_t row, std::uint64_t) { return static_cast<std::uint32_t>(row); });
    terms_ = std::vector<std::uint32_t>();
    for (std::size_t term = 0; term < built.term_order.size(); ++term) {
        const std::uint64_t first = built.posting_counts[term];
        const std::uint64_t size = built.posting_counts[term + 1] - first;
        encode_postings(std::span(rows).subspan(first, size), std::span(codes).subspan(first, size),
                        built.postings.bytes);
        built.postings.end_item();
    }
}

BuiltSegment SegmentBuilder::finish(std::span<const std::string_view> term_strings) {
    if (slots_.size() > term_strings.size())
        throw std::invalid_argument("expected a string for every term id");
    BuiltSegment built;
    const std::vector<std::uint32_t> new_id = sort_terms(term_strings, built);
    const std::vector<std::uint32_t> rank = frequencies_.ranking();
    built.frequency_tuples = frequencies_.ranked_tuples(rank);
    built.term_order = order_by_frequency(built.posting_counts);
    relabel(new_id, rank);
    encode_forward(built);
    encode_lists(built);
    built.lengths = std::move(lengths_);
    *this = SegmentBuilder(field_count_);
    return built;
}

}  // namespace rocchio::lexical
