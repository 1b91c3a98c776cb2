#include "lexical/merger.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include "lexical/forward_codec.hpp"

namespace rocchio::lexical {

namespace {

/// Puts the postings of a list in the order of their rows.
void sort_by_row(PostingList& list) {
    if (std::ranges::is_sorted(list.rows)) return;
    std::vector<std::uint64_t> postings(list.size());
    for (std::size_t p = 0; p < list.size(); ++p)
        postings[p] = std::uint64_t{list.rows[p]} << 32 | list.codes[p];
    std::ranges::sort(postings);
    for (std::size_t p = 0; p < list.size(); ++p) {
        list.rows[p] = static_cast<std::uint32_t>(postings[p] >> 32);
        list.codes[p] = static_cast<std::uint32_t>(postings[p]);
    }
}

}  // namespace

Merger::Merger(std::vector<std::shared_ptr<const Segment>> segments) : Merger(std::move(segments), {}) {}

Merger::Merger(std::vector<std::shared_ptr<const Segment>> segments, std::vector<OldRow> order)
    : segments_(std::move(segments)), old_rows_(std::move(order)) {
    if (segments_.empty()) throw std::invalid_argument("expected at least one segment to merge");
    for (const auto& segment : segments_) {
        if (segment->field_count() != segments_[0]->field_count()) {
            throw std::invalid_argument("expected segments with the same number of fields");
        }
    }
    number_rows();
    unite_dictionaries();
    unite_frequencies();
    term_order_ = order_by_frequency(posting_counts_);
    rank_of_term_ = ranks_of(term_order_);
}

std::vector<OldRow> Merger::live_rows() const {
    std::vector<OldRow> rows;
    for (std::uint32_t s = 0; s < segments_.size(); ++s)
        for (std::uint32_t row = 0; row < segments_[s]->row_count(); ++row)
            if (segments_[s]->is_live(row)) rows.push_back({s, row});
    return rows;
}

void Merger::number_rows() {
    const std::vector<OldRow> live = live_rows();
    if (live.size() >= kDropped) throw std::invalid_argument("expected fewer than 2^32 documents to merge");
    if (old_rows_.empty()) old_rows_ = live;
    row_count_ = static_cast<std::uint32_t>(live.size());
    for (const auto& segment : segments_) new_rows_.emplace_back(segment->row_count(), kDropped);
    bool complete = old_rows_.size() == live.size();
    for (std::uint32_t number = 0; complete && number < row_count_; ++number) {
        const OldRow old = old_rows_[number];
        complete = old.segment < segments_.size() && old.row < segments_[old.segment]->row_count() &&
                   segments_[old.segment]->is_live(old.row) &&
                   std::exchange(new_rows_[old.segment][old.row], number) == kDropped;
    }
    if (!complete) throw std::invalid_argument("expected an order that has every live row once");
}

// Walks all dictionaries in step; a term whose documents are all deleted is left out.
void Merger::unite_dictionaries() {
    std::vector<std::uint32_t> next(segments_.size(), 0);
    for (const auto& segment : segments_) new_terms_.emplace_back(segment->term_count(), kDropped);
    for (;;) {
        std::optional<std::string_view> smallest;
        for (std::size_t s = 0; s < segments_.size(); ++s) {
            if (next[s] == segments_[s]->term_count()) continue;
            const std::string_view term = segments_[s]->term(next[s]);
            if (!smallest || term < *smallest) smallest = term;
        }
        if (!smallest) break;
        std::uint64_t df = 0;
        const std::size_t first_source = sources_.size();
        for (std::uint32_t s = 0; s < segments_.size(); ++s) {
            if (next[s] == segments_[s]->term_count() || segments_[s]->term(next[s]) != *smallest) continue;
            df += segments_[s]->live_document_frequency(next[s]);
            sources_.push_back({s, next[s]++});
        }
        if (df == 0) {
            sources_.resize(first_source);
            continue;
        }
        for (std::size_t i = first_source; i < sources_.size(); ++i) {
            new_terms_[sources_[i].segment][sources_[i].term] = static_cast<std::uint32_t>(term_count());
        }
        term_bytes_.insert(term_bytes_.end(), smallest->begin(), smallest->end());
        term_offsets_.push_back(term_bytes_.size());
        posting_counts_.push_back(posting_counts_.back() + df);
        source_offsets_.push_back(sources_.size());
    }
}

void Merger::unite_frequencies() {
    FrequencyTable table(segments_[0]->field_count());
    for (const auto& segment : segments_) new_codes_.emplace_back(segment->code_count(), kDropped);
    std::vector<std::uint64_t> coded;
    for (const OldRow& old : old_rows_) {
        segments_[old.segment]->forward_by_rank(old.row, coded);
        for (const std::uint64_t item : coded) {
            const std::uint32_t code = Coded::code(item);
            new_codes_[old.segment][code] = table.intern(segments_[old.segment]->frequencies(code));
        }
        forward_counts_.push_back(forward_counts_.back() + coded.size());
    }
    const std::vector<std::uint32_t> rank = table.ranking();
    frequency_tuples_ = table.ranked_tuples(rank);
    for (auto& by_segment : new_codes_) {
        for (std::uint32_t& code : by_segment) code = code == kDropped ? kDropped : rank[code];
    }
    if (forward_counts_.back() != posting_counts_.back()) {
        throw Corruption("lexical", 0, "the forward index and the postings of a segment disagree");
    }
}

PostingList Merger::merged_list(std::size_t term) const {
    PostingList merged;
    for (std::size_t i = source_offsets_[term]; i < source_offsets_[term + 1]; ++i) {
        const auto [segment, old_term] = sources_[i];
        const PostingList list = segments_[segment]->postings(old_term);
        for (std::size_t p = 0; p < list.size(); ++p) {
            const std::uint32_t row = new_rows_[segment][list.rows[p]];
            if (row == kDropped) continue;
            merged.rows.push_back(row);
            merged.codes.push_back(new_codes_[segment][list.codes[p]]);
        }
    }
    sort_by_row(merged);
    if (merged.size() != posting_counts_[term + 1] - posting_counts_[term]) {
        throw Corruption("lexical", 0, "the count of deleted documents of a term is wrong");
    }
    return merged;
}

EncodedItems Merger::postings(std::size_t first, std::size_t last) const {
    if (last > term_count()) throw std::out_of_range("expected terms of the merged segment");
    EncodedItems lists;
    for (std::size_t term = first; term < last; ++term) {
        const PostingList list = merged_list(term);
        encode_postings(list.rows, list.codes, lists.bytes);
        lists.end_item();
    }
    return lists;
}

EncodedItems Merger::forward(std::uint32_t first, std::uint32_t last) const {
    if (last > row_count()) throw std::out_of_range("expected rows of the merged segment");
    EncodedItems rows;
    std::vector<std::uint64_t> coded;
    for (std::uint32_t row = first; row < last; ++row) {
        const OldRow old = old_rows_[row];
        segments_[old.segment]->forward_by_rank(old.row, coded);
        for (std::uint64_t& item : coded) {
            const std::uint32_t term = new_terms_[old.segment][Coded::number(item)];
            if (term == kDropped)
                throw Corruption("lexical", 0, "a term of a live document counts as deleted");
            item = Coded::join(rank_of_term_[term], new_codes_[old.segment][Coded::code(item)]);
        }
        std::ranges::sort(coded);
        encode_row(coded, rows.bytes);
        rows.end_item();
    }
    return rows;
}

std::vector<std::uint32_t> Merger::lengths(std::uint32_t field) const {
    std::vector<std::vector<std::uint32_t>> by_segment;
    for (const auto& segment : segments_) by_segment.push_back(segment->lengths(field));
    std::vector<std::uint32_t> merged;
    merged.reserve(old_rows_.size());
    for (const OldRow& old : old_rows_) merged.push_back(by_segment[old.segment][old.row]);
    return merged;
}

}  // namespace rocchio::lexical
