#include "lexical/column.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace rocchio::lexical {

Column::Column(const PostingList& list, const ColumnScoring& scoring) {
    const std::size_t segment_rows = scoring.norm_by_row.size();
    std::vector<std::uint32_t> rows;
    quantise(list, scoring, rows);
    size_ = static_cast<std::uint32_t>(rows.size());
    const auto is_frequent = [&](std::uint32_t share) { return rows.size() * share >= segment_rows; };
    fill_windows(rows, segment_rows);
    if (rows.size() >= kFewPostings) count_impacts();
    if (is_frequent(kMaximaShare)) fill_maxima(rows, segment_rows);
    if (is_frequent(kRowsShare)) {
        shape_ = Shape::rows;
        fill_directory(rows, padded_blocks(segment_rows) * kBlockRows);
        return;
    }
    fill_entries(rows);
    if (is_frequent(kEntriesShare)) {
        shape_ = Shape::blocks;
        fill_directory(entry_blocks_, padded_blocks(segment_rows));
    }
}

void Column::quantise(const PostingList& list, const ColumnScoring& scoring,
                      std::vector<std::uint32_t>& rows) {
    std::vector<double> values;
    rows.reserve(list.size());
    values.reserve(list.size());
    codes_.reserve(list.size());
    double largest = 0.0;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const std::uint32_t row = list.rows[i];
        const double tf = scoring.tf_by_code[list.codes[i]];
        if (tf <= 0.0) continue;
        values.push_back(scoring.scoring.tf_part_of_norm(tf, scoring.norm_by_row[row]));
        largest = std::max(largest, values.back());
        rows.push_back(row);
        store_code(list.codes[i]);
    }
    unit_ = largest / 255.0;
    impacts_.reserve(values.size() + kernels::kImpactPadding);
    for (const double value : values) {
        // division and multiplication round: the largest value may come out a hair above 255
        const double impact = unit_ > 0.0 ? std::clamp(std::ceil(value / unit_), 1.0, 255.0) : 1.0;
        impacts_.push_back(static_cast<std::uint8_t>(impact));
    }
    impacts_.resize(values.size() + kernels::kImpactPadding);
}

void Column::store_code(std::uint32_t code) {
    if (code >= kEscape) escapes_.emplace_back(static_cast<std::uint32_t>(codes_.size()), code);
    codes_.push_back(static_cast<std::uint8_t>(std::min<std::uint32_t>(code, kEscape)));
}

void Column::fill_maxima(std::span<const std::uint32_t> rows, std::size_t segment_rows) {
    block_maxima_.resize(padded_blocks(segment_rows));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        std::uint8_t& maximum = block_maxima_[rows[i] / kBlockRows];
        maximum = std::max(maximum, impacts_[i]);
    }
}

void Column::fill_directory(std::span<const std::uint32_t> places, std::size_t size) {
    directory_.resize((size + 63) / 64);
    for (const std::uint32_t place : places) directory_[place / 64].bits |= std::uint64_t{1} << (place % 64);
    std::uint32_t before = 0;
    for (kernels::DirectoryWord& word : directory_) {
        word.first = before;
        before += static_cast<std::uint32_t>(std::popcount(word.bits));
    }
}

void Column::fill_entries(std::span<const std::uint32_t> rows) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto block = static_cast<std::uint32_t>(rows[i] / kBlockRows);
        if (entry_blocks_.empty() || entry_blocks_.back() != block) {
            entry_blocks_.push_back(block);
            entry_maxima_.push_back(0);
            entries_.push_back({static_cast<std::uint32_t>(i)});
        }
        kernels::BlockEntry& entry = entries_.back();
        const std::size_t at = i - entry.first;
        if (at < kernels::BlockEntry::kInline) entry.impacts[at] = impacts_[i];
        entry.presence = static_cast<std::uint8_t>(entry.presence | 1u << rows[i] % kBlockRows);
        entry_maxima_.back() = std::max(entry_maxima_.back(), impacts_[i]);
    }
    entries_.push_back({static_cast<std::uint32_t>(rows.size())});  // no rows: what absent blocks get
    entries_.emplace_back();                                        // kernels read past an entry
}

void Column::count_impacts() {
    at_least_.assign(257, 0);
    for (std::size_t i = 0; i < size_; ++i) ++at_least_[impacts_[i]];
    for (std::size_t impact = 256; impact-- > 0;) at_least_[impact] += at_least_[impact + 1];
}

std::uint8_t Column::reached_by(std::size_t k) const {
    if (at_least_.empty() || k > size_) return 0;
    // counts fall with the impact: the last one that is at least k
    const auto below =
        std::ranges::partition_point(at_least_, [k](std::uint32_t count) { return count >= k; });
    return static_cast<std::uint8_t>(below - at_least_.begin() - 1);
}

void Column::score_blocks(const kernels::BlockKernels& kernels, std::span<const std::uint32_t> blocks,
                          std::span<const kernels::DirectoryWord> places, std::uint16_t weight,
                          std::uint16_t* sums) const {
    if (shape_ == Shape::rows) {
        kernels.score_by_rows(sums, blocks.data(), blocks.size(), directory_.data(), impacts_.data(), weight);
    } else if (shape_ == Shape::blocks && entry_blocks_.size() > kEntryCost * blocks.size()) {
        kernels.score_by_blocks(sums, blocks.data(), blocks.size(), directory_.data(), entries_.data(),
                                static_cast<std::uint32_t>(entry_blocks_.size()), impacts_.data(), weight);
    } else {
        kernels.score_entries(sums, places.data(), entry_blocks_.data(), entries_.data(),
                              entry_blocks_.size(), impacts_.data(), weight);
    }
}

void Column::fill_windows(std::span<const std::uint32_t> rows, std::size_t segment_rows) {
    window_rows_.reserve(rows.size());
    for (std::size_t first = 0; first < segment_rows; first += kWindowRows) {
        window_starts_.push_back(static_cast<std::uint32_t>(window_rows_.size()));
        while (window_rows_.size() < rows.size() && rows[window_rows_.size()] - first < kWindowRows) {
            window_rows_.push_back(static_cast<std::uint16_t>(rows[window_rows_.size()] - first));
        }
    }
    window_starts_.push_back(static_cast<std::uint32_t>(window_rows_.size()));
}

Column::Window Column::window(std::size_t number) const {
    const std::size_t begin = window_starts_[number];
    return {std::span(window_rows_).subspan(begin, window_starts_[number + 1] - begin),
            impacts_.data() + begin};
}

void Column::find(const kernels::BlockKernels& kernels, std::span<const std::uint32_t> rows,
                  std::uint32_t* places) const {
    switch (shape_) {
        case Shape::rows:
            kernels.find_by_rows(places, rows.data(), rows.size(), directory_.data());
            return;
        case Shape::blocks:
            kernels.find_by_blocks(places, rows.data(), rows.size(), directory_.data(), entries_.data());
            return;
        case Shape::entries:
            find_in_entries(rows, places);
            return;
    }
}

/// Rows come in few ascending runs, so the entries are gone over a few times.
void Column::find_in_entries(std::span<const std::uint32_t> rows, std::uint32_t* places) const {
    std::size_t at = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        places[i] = kernels::kNowhere;
        const auto block = static_cast<std::uint32_t>(rows[i] / kBlockRows);
        if (i > 0 && rows[i] < rows[i - 1]) at = 0;
        while (at < entry_blocks_.size() && entry_blocks_[at] < block) ++at;
        if (at == entry_blocks_.size() || entry_blocks_[at] != block) continue;
        const unsigned bit = 1u << rows[i] % kBlockRows;
        if ((entries_[at].presence & bit) == 0) continue;
        const unsigned before = entries_[at].presence & (bit - 1);
        places[i] = entries_[at].first + static_cast<std::uint32_t>(std::popcount(before));
    }
}

std::uint32_t Column::escaped_code(std::uint32_t place) const {
    return std::ranges::lower_bound(escapes_, std::pair{place, std::uint32_t{0}})->second;
}

std::size_t Column::memory_bytes() const {
    return sizeof(Column) + 4 * (at_least_.capacity() + window_starts_.capacity()) +
           2 * window_rows_.capacity() + impacts_.capacity() + codes_.capacity() +
           escapes_.capacity() * sizeof(escapes_[0]) + block_maxima_.capacity() +
           directory_.capacity() * sizeof(directory_[0]) +
           entry_blocks_.capacity() * (sizeof(entry_blocks_[0]) + 1) +
           entries_.capacity() * sizeof(entries_[0]);
}

}  // namespace rocchio::lexical
