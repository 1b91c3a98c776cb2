#include "lexical/segment.hpp"

#include <algorithm>

#include "base/bitmap.hpp"

namespace rocchio::lexical {

std::uint32_t CodeStream::at(std::size_t position) const {
    const std::uint8_t code = codes.at(position);
    if (code != kEscapeCode) return code;
    std::size_t low = 0;
    std::size_t high = escape_positions.size();
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (escape_positions.at(middle) < position) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == escape_positions.size() || escape_positions.at(low) != position) {
        codes.fail(position, "an escaped frequency code is missing");
    }
    return escape_codes.at(low);
}

Segment::Segment(SegmentArrays arrays, Tombstones tombstones)
    : arrays_(std::move(arrays)), tombstones_(std::move(tombstones)) {
    check_shape();
    checked_lists_ = std::make_unique<std::atomic<std::uint64_t>[]>(term_count() / 64 + 1);
}

void Segment::check_shape() const {
    const auto& a = arrays_;
    const auto expect = [&](bool holds, const char* reason) {
        if (!holds) a.posting_offsets.fail(0, reason);
    };
    expect(a.field_count > 0, "a segment needs at least one text field");
    expect(a.posting_offsets.size() == a.terms.size() + 1, "posting offsets do not fit the number of terms");
    expect(a.forward_offsets.size() == std::size_t{a.row_count} + 1,
           "forward offsets do not fit the number of rows");
    expect(a.posting_codes.codes.size() == a.posting_rows.size(), "postings need a code for each row");
    expect(a.forward_codes.codes.size() == a.forward_terms.size(),
           "the forward index needs a code for each term");
    expect(a.frequency_tuples.size() % a.field_count == 0,
           "frequency tuples do not fit the number of fields");
    expect(a.lengths.size() == std::size_t{a.row_count} * a.field_count,
           "lengths do not fit rows and fields");
    expect(a.doc_ids.size() == a.row_count, "doc_ids do not fit the number of rows");
    expect(a.doc_id_order.size() == a.row_count, "the order of doc_ids does not fit the number of rows");
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
        const std::uint32_t row = arrays_.doc_id_order.at(place);
        if (row >= row_count()) arrays_.doc_id_order.fail(place, "a row is out of range");
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

std::uint64_t Segment::posting_count(std::uint32_t term) const {
    const auto ends = arrays_.posting_offsets.view(term, std::size_t{term} + 2);
    if (ends[0] > ends[1] || ends[1] > arrays_.posting_rows.size()) {
        arrays_.posting_offsets.fail(term, "posting offsets are not in order");
    }
    return ends[1] - ends[0];
}

PostingList Segment::postings(std::uint32_t term) const {
    const std::uint64_t count = posting_count(term);
    const std::uint64_t first = arrays_.posting_offsets.at(term);
    const std::uint64_t last = first + count;
    check_list(term, first, last);
    const auto rows = arrays_.posting_rows.view(first, last);
    PostingList list{{rows.begin(), rows.end()}, {}};
    const auto codes = arrays_.posting_codes.codes.view(first, last);
    for (std::size_t i = 0; i < count; ++i)
        list.codes.push_back(codes[i] != kEscapeCode ? codes[i] : arrays_.posting_codes.at(first + i));
    return list;
}

// Checksums catch accidents; this catches a file that was made to hurt: rows index arrays, codes index
// tables.
void Segment::check_list(std::uint32_t, std::uint64_t first, std::uint64_t last) const {
    const auto rows = arrays_.posting_rows.view(first, last);
    const auto codes = arrays_.posting_codes.codes.view(first, last);
    if (!rows.empty() && rows.back() >= row_count())
        arrays_.posting_rows.fail(last - 1, "a row is out of range");
    for (std::size_t i = 1; i < rows.size(); ++i) {
        if (rows[i] <= rows[i - 1]) arrays_.posting_rows.fail(first + i, "rows are not increasing");
    }
    const std::size_t known = std::min<std::size_t>(code_count(), kEscapeCode);
    for (std::size_t i = 0; i < codes.size(); ++i) {
        if (codes[i] < known) continue;
        if (codes[i] != kEscapeCode || arrays_.posting_codes.at(first + i) >= code_count()) {
            arrays_.posting_codes.codes.fail(first + i, "a frequency code is out of range");
        }
    }
}

std::uint64_t Segment::live_document_frequency(std::uint32_t term) const {
    const std::uint64_t all = posting_count(term);
    const auto& terms = tombstones_.terms;
    const auto found = std::lower_bound(terms.begin(), terms.end(), term);
    if (found == terms.end() || *found != term) return all;
    const std::uint64_t deleted =
        tombstones_.document_counts[static_cast<std::size_t>(found - terms.begin())];
    if (deleted > all) arrays_.posting_offsets.fail(term, "more deleted documents than postings");
    return all - deleted;
}

std::span<const std::uint32_t> Segment::frequencies(std::uint32_t code) const {
    const std::size_t fields = field_count();
    return arrays_.frequency_tuples.view(code * fields, (code + std::size_t{1}) * fields);
}

std::span<const std::uint32_t> Segment::forward(std::uint32_t row, std::vector<std::uint32_t>& codes) const {
    const auto ends = arrays_.forward_offsets.view(row, std::size_t{row} + 2);
    if (ends[0] > ends[1] || ends[1] > arrays_.forward_terms.size()) {
        arrays_.forward_offsets.fail(row, "forward offsets are not in order");
    }
    const auto terms = arrays_.forward_terms.view(ends[0], ends[1]);
    codes.clear();
    for (std::size_t i = 0; i < terms.size(); ++i) {
        if (terms[i] >= term_count() || (i > 0 && terms[i] <= terms[i - 1])) {
            arrays_.forward_terms.fail(ends[0] + i, "terms of a row are out of range or not increasing");
        }
        const std::uint32_t code = arrays_.forward_codes.at(ends[0] + i);
        if (code >= code_count())
            arrays_.forward_codes.codes.fail(ends[0] + i, "a frequency code is out of range");
        codes.push_back(code);
    }
    return terms;
}

std::span<const std::uint32_t> Segment::lengths(std::uint32_t field) const {
    const std::size_t rows = row_count();
    return arrays_.lengths.view(field * rows, (field + std::size_t{1}) * rows);
}

std::vector<std::uint32_t> Segment::doc_id_ranks() const {
    std::vector<std::uint32_t> ranks(row_count(), 0);
    const auto order = arrays_.doc_id_order.all();
    for (std::size_t place = 0; place < order.size(); ++place) {
        if (order[place] >= row_count()) arrays_.doc_id_order.fail(place, "a row is out of range");
        ranks[order[place]] = static_cast<std::uint32_t>(place);
    }
    return ranks;
}

bool Segment::is_live(std::uint32_t row) const {
    return tombstones_.live.empty() || bit_is_set(tombstones_.live, row);
}

void Segment::validate() const {
    std::uint64_t expected = 0;
    for (std::uint32_t id = 0; id < term_count(); ++id) {
        if (id > 0 && arrays_.terms.at(id - 1) >= arrays_.terms.at(id)) {
            arrays_.posting_offsets.fail(id, "terms are not in order");
        }
        const PostingList list = postings(id);
        if (arrays_.posting_offsets.at(id) != expected || list.size() == 0) {
            arrays_.posting_offsets.fail(id, "posting lists are empty or leave gaps");
        }
        expected += list.size();
    }
    if (expected != arrays_.posting_rows.size()) arrays_.posting_offsets.fail(0, "postings are left over");
    if (arrays_.forward_terms.size() != expected) {
        arrays_.forward_offsets.fail(0, "the forward index and the postings differ in size");
    }
    std::vector<std::span<const std::uint32_t>> stored_lengths;
    for (std::uint32_t f = 0; f < field_count(); ++f) stored_lengths.push_back(lengths(f));
    // rows are walked in order, so the postings of each term must come by in order too
    std::vector<std::uint64_t> next(term_count());
    for (std::uint32_t id = 0; id < term_count(); ++id) next[id] = arrays_.posting_offsets.at(id);
    std::vector<std::uint32_t> codes;
    std::vector<std::uint64_t> totals(field_count());
    for (std::uint32_t row = 0; row < row_count(); ++row) {
        const auto terms = forward(row, codes);
        for (std::size_t i = 0; i < terms.size(); ++i) {
            const std::uint64_t position = next[terms[i]]++;
            if (position >= arrays_.posting_rows.size() || arrays_.posting_rows.at(position) != row ||
                arrays_.posting_codes.at(position) != codes[i]) {
                arrays_.forward_offsets.fail(row, "the forward index and the postings differ");
            }
        }
        std::fill(totals.begin(), totals.end(), 0);
        for (std::uint32_t code : codes) {
            const auto tuple = frequencies(code);
            for (std::size_t f = 0; f < totals.size(); ++f) totals[f] += tuple[f];
        }
        for (std::uint32_t f = 0; f < field_count(); ++f) {
            if (totals[f] != stored_lengths[f][row])
                arrays_.lengths.fail(row, "a length is not the sum of its frequencies");
        }
        doc_id(row);
    }
}

}  // namespace rocchio::lexical
