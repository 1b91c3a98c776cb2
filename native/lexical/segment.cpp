#include "lexical/segment.hpp"

#include <algorithm>

#include "base/bitmap.hpp"
#include "lexical/forward_codec.hpp"

namespace rocchio::lexical {

Segment::Segment(SegmentArrays arrays, Tombstones tombstones)
    : arrays_(std::move(arrays)), tombstones_(std::move(tombstones)) {
    check_shape();
    term_order_ = codecs::Packed(arrays_.term_order, 0, term_count());
    doc_id_order_ = codecs::Packed(arrays_.doc_id_order, 0, row_count());
    std::size_t begin = 0;
    for (std::uint32_t f = 0; f < field_count(); ++f) {
        lengths_.emplace_back(arrays_.lengths, begin, row_count());
        begin = lengths_.back().end();
    }
    if (!lengths_.back().ends_array()) arrays_.lengths.fail(begin, "lengths do not fit rows and fields");
    if (!term_order_.ends_array()) arrays_.term_order.fail(0, "the order of terms does not fit their number");
    if (!doc_id_order_.ends_array()) {
        arrays_.doc_id_order.fail(0, "the order of doc_ids does not fit the number of rows");
    }
}

Segment Segment::restricted(std::vector<std::uint8_t> live) const {
    return {arrays_, {std::move(live), {}, {}, false}};
}

void Segment::check_shape() const {
    const auto& a = arrays_;
    const auto expect = [&](bool holds, const char* reason) {
        if (!holds) a.posting_offsets.fail(reason);
    };
    expect(a.field_count > 0, "a segment needs at least one text field");
    expect(a.posting_counts.size() == a.terms.size() + 1, "posting counts do not fit the number of terms");
    expect(a.posting_offsets.size() == a.terms.size() + 1, "posting offsets do not fit the number of terms");
    expect(a.posting_offsets.largest() == a.posting_lists.size(), "posting offsets do not cover the lists");
    expect(a.forward_offsets.size() == std::size_t{a.row_count} + 1,
           "forward offsets do not fit the number of rows");
    expect(a.forward_offsets.largest() == a.forward_rows.size(), "forward offsets do not cover the rows");
    expect(a.frequency_tuples.size() % a.field_count == 0,
           "frequency tuples do not fit the number of fields");
    expect(a.terms.covers_bytes() && a.doc_ids.covers_bytes(), "string offsets do not cover their bytes");
    expect(a.doc_ids.size() == a.row_count, "doc_ids do not fit the number of rows");
    expect(tombstones_.live.empty() || tombstones_.live.size() == bitmap_bytes(a.row_count),
           "the live bitmap does not fit the number of rows");
    expect(tombstones_.terms.size() == tombstones_.document_counts.size(),
           "deleted document counts do not fit their terms");
}

std::optional<std::uint32_t> Segment::find_term(std::string_view wanted) const {
    std::size_t low = 0;
    std::size_t high = term_count();
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        const int order = arrays_.terms.at(middle).compare(wanted);
        if (order == 0) return static_cast<std::uint32_t>(middle);
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return std::nullopt;
}

std::optional<std::uint32_t> Segment::find_document(std::string_view wanted) const {
    const auto row_at = [this](std::size_t place) {
        const std::uint32_t row = doc_id_order_.at(place);
        if (row >= row_count()) doc_id_order_.fail(place, "a row is out of range");
        return row;
    };
    std::size_t low = 0;
    std::size_t high = row_count();
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (doc_id(row_at(middle)) < wanted) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    // a doc_id may stand here several times when its earlier versions are deleted
    for (; low < row_count() && doc_id(row_at(low)) == wanted; ++low) {
        if (is_live(row_at(low))) return row_at(low);
    }
    return std::nullopt;
}

EncodedPostings Segment::encoded_postings(std::uint32_t term) const {
    const auto [begin, end] = arrays_.posting_offsets.pair(term);
    return {arrays_.posting_lists, begin, end, posting_count(term), row_count(), code_count()};
}

PostingList Segment::postings(std::uint32_t term) const {
    return encoded_postings(term).decode();
}

PostingList Segment::postings_to_search(std::uint32_t term) const {
    PostingList list = postings(term);
    if (has_counts()) return list;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < list.rows.size(); ++i) {
        if (!is_live(list.rows[i])) continue;
        list.rows[kept] = list.rows[i];
        list.codes[kept++] = list.codes[i];
    }
    list.rows.resize(kept);
    list.codes.resize(kept);
    return list;
}

std::optional<std::uint32_t> Segment::find_code(std::uint32_t term, std::uint32_t row) const {
    return encoded_postings(term).find(row);
}

std::uint64_t Segment::posting_count(std::uint32_t term) const {
    const auto [before, after] = arrays_.posting_counts.pair(term);
    return after - before;
}

std::uint64_t Segment::live_document_frequency(std::uint32_t term) const {
    if (!has_counts()) return postings_to_search(term).rows.size();
    const std::uint64_t all = posting_count(term);
    const auto& terms = tombstones_.terms;
    const auto found = std::lower_bound(terms.begin(), terms.end(), term);
    if (found == terms.end() || *found != term) return all;
    const std::uint64_t deleted =
        tombstones_.document_counts[static_cast<std::size_t>(found - terms.begin())];
    if (deleted > all) arrays_.posting_counts.fail("more deleted documents than postings");
    return all - deleted;
}

std::span<const std::uint32_t> Segment::frequencies(std::uint32_t code) const {
    const std::size_t fields = field_count();
    return arrays_.frequency_tuples.view(code * fields, (code + std::size_t{1}) * fields);
}

void Segment::forward_ranks(std::uint32_t row, std::vector<std::uint64_t>& coded) const {
    const auto [begin, end] = arrays_.forward_offsets.pair(row);
    decode_row(arrays_.forward_rows, begin, end, term_count(), code_count(), coded);
}

void Segment::forward_by_rank(std::uint32_t row, std::vector<std::uint64_t>& coded) const {
    forward_ranks(row, coded);
    for (std::uint64_t& item : coded)
        item = Coded::join(term_of_rank(Coded::number(item)), Coded::code(item));
}

std::uint32_t Segment::term_of_rank(std::size_t rank) const {
    const std::uint32_t term = term_order_.at(rank);
    if (term >= term_count()) term_order_.fail(rank, "a term is out of range");
    return term;
}

std::vector<std::uint32_t> Segment::forward(std::uint32_t row, std::vector<std::uint32_t>& codes) const {
    std::vector<std::uint64_t> coded;
    forward_by_rank(row, coded);
    std::ranges::sort(coded);
    std::vector<std::uint32_t> terms;
    codes.clear();
    for (const std::uint64_t item : coded) {
        if (!terms.empty() && terms.back() == Coded::number(item)) {
            arrays_.term_order.fail(0, "two ranks are of the same term");
        }
        terms.push_back(Coded::number(item));
        codes.push_back(Coded::code(item));
    }
    return terms;
}

std::vector<std::uint32_t> Segment::lengths(std::uint32_t field) const {
    if (field >= lengths_.size()) arrays_.lengths.fail(0, "a field is out of range");
    return lengths_[field].all();
}

std::vector<std::uint32_t> Segment::doc_id_ranks() const {
    std::vector<std::uint32_t> ranks(row_count(), 0);
    const std::vector<std::uint32_t> order = doc_id_order();
    for (std::size_t place = 0; place < order.size(); ++place) {
        if (order[place] >= row_count()) doc_id_order_.fail(place, "a row is out of range");
        ranks[order[place]] = static_cast<std::uint32_t>(place);
    }
    return ranks;
}

bool Segment::is_live(std::uint32_t row) const {
    return tombstones_.live.empty() || bit_is_set(tombstones_.live, row);
}

}  // namespace rocchio::lexical
