#include "lexical/merger.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace rocchio::lexical {

Merger::Merger(std::vector<std::shared_ptr<const Segment>> segments) : segments_(std::move(segments)) {
    if (segments_.empty()) throw std::invalid_argument("expected at least one segment to merge");
    for (const auto& segment : segments_) {
        if (segment->field_count() != segments_[0]->field_count()) {
            throw std::invalid_argument("expected segments with the same number of fields");
        }
    }
    number_rows();
    unite_dictionaries();
    unite_frequencies();
}

void Merger::number_rows() {
    for (std::uint32_t s = 0; s < segments_.size(); ++s) {
        const Segment& segment = *segments_[s];
        auto& numbers = new_rows_.emplace_back(segment.row_count(), kDropped);
        for (std::uint32_t row = 0; row < segment.row_count(); ++row) {
            if (!segment.is_live(row)) continue;
            numbers[row] = static_cast<std::uint32_t>(old_rows_.size());
            old_rows_.push_back({s, row});
        }
    }
    if (old_rows_.size() >= kDropped)
        throw std::invalid_argument("expected fewer than 2^32 documents to merge");
    row_count_ = static_cast<std::uint32_t>(old_rows_.size());
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
        posting_offsets_.push_back(posting_offsets_.back() + df);
        source_offsets_.push_back(sources_.size());
    }
}

void Merger::unite_frequencies() {
    FrequencyTable table(segments_[0]->field_count());
    for (const auto& segment : segments_) new_codes_.emplace_back(segment->code_count(), kDropped);
    std::vector<std::uint32_t> codes;
    for (const OldRow& old : old_rows_) {
        segments_[old.segment]->forward(old.row, codes);
        for (std::uint32_t code : codes) {
            new_codes_[old.segment][code] = table.intern(segments_[old.segment]->frequencies(code));
        }
        forward_offsets_.push_back(forward_offsets_.back() + codes.size());
    }
    const std::vector<std::uint32_t> rank = table.ranking();
    frequency_tuples_ = table.ranked_tuples(rank);
    for (auto& by_segment : new_codes_) {
        for (std::uint32_t& code : by_segment) code = code == kDropped ? kDropped : rank[code];
    }
    if (forward_offsets_.back() != posting_offsets_.back()) {
        throw Corruption("lexical", 0, "the forward index and the postings of a segment disagree");
    }
}

template <typename Visit>
void Merger::for_each_posting(std::size_t first, std::size_t last, Visit&& visit) const {
    for (std::size_t i = source_offsets_.at(first); i < source_offsets_.at(last); ++i) {
        const Segment& segment = *segments_[sources_[i].segment];
        const PostingList list = segment.postings(sources_[i].term);
        const auto& new_rows = new_rows_[sources_[i].segment];
        for (std::size_t p = 0; p < list.size(); ++p) {
            if (new_rows[list.rows[p]] != kDropped) visit(sources_[i].segment, list, p);
        }
    }
}

std::vector<std::uint32_t> Merger::posting_rows(std::size_t first, std::size_t last) const {
    std::vector<std::uint32_t> rows;
    rows.reserve(posting_offsets_.at(last) - posting_offsets_.at(first));
    for_each_posting(first, last, [&](std::uint32_t s, const PostingList& list, std::size_t p) {
        rows.push_back(new_rows_[s][list.rows[p]]);
    });
    if (rows.size() != posting_offsets_[last] - posting_offsets_[first]) {
        throw Corruption("lexical", 0, "the count of deleted documents of a term is wrong");
    }
    return rows;
}

EncodedCodes Merger::posting_codes(std::size_t first, std::size_t last) const {
    EncodedCodes encoded;
    std::uint64_t position = posting_offsets_.at(first);
    for_each_posting(first, last, [&](std::uint32_t s, const PostingList& list, std::size_t p) {
        encoded.push(position++, new_codes_[s][list.codes[p]]);
    });
    return encoded;
}

std::vector<std::uint32_t> Merger::forward_terms(std::uint32_t first, std::uint32_t last) const {
    std::vector<std::uint32_t> terms;
    std::vector<std::uint32_t> codes;
    for (std::uint32_t row = first; row < last; ++row) {
        const OldRow old = old_rows_.at(row);
        for (std::uint32_t term : segments_[old.segment]->forward(old.row, codes)) {
            terms.push_back(new_terms_[old.segment][term]);
        }
    }
    return terms;
}

EncodedCodes Merger::forward_codes(std::uint32_t first, std::uint32_t last) const {
    EncodedCodes encoded;
    std::vector<std::uint32_t> codes;
    std::uint64_t position = forward_offsets_.at(first);
    for (std::uint32_t row = first; row < last; ++row) {
        const OldRow old = old_rows_.at(row);
        segments_[old.segment]->forward(old.row, codes);
        for (std::uint32_t code : codes) encoded.push(position++, new_codes_[old.segment][code]);
    }
    return encoded;
}

std::vector<std::uint32_t> Merger::lengths(std::uint32_t field) const {
    std::vector<std::span<const std::uint32_t>> by_segment;
    for (const auto& segment : segments_) by_segment.push_back(segment->lengths(field));
    std::vector<std::uint32_t> merged;
    merged.reserve(old_rows_.size());
    for (const OldRow& old : old_rows_) merged.push_back(by_segment[old.segment][old.row]);
    return merged;
}

}  // namespace rocchio::lexical
