// How a column is computed from a posting list.

#include <algorithm>
#include <bit>
#include <cmath>

#include "lexical/column_layout.hpp"

namespace rocchio::lexical {
namespace {

constexpr std::size_t kMaximaShare = 64;    // block maxima pay above rows / 64 postings
constexpr std::size_t kRowsShare = 16;      // a directory over rows above rows / 16
constexpr std::size_t kEntriesShare = 512;  // no directory below rows / 512
constexpr std::size_t kFewPostings = 512;   // impacts are not counted below

class ColumnBuilder {
  public:
    ColumnBuilder(const PostingList& list, const ColumnScoring& scoring);

    /// The arrays, which live in this builder.
    ColumnArrays arrays() const;

  private:
    void quantise(const PostingList& list, const ColumnScoring& scoring, std::vector<std::uint32_t>& rows);
    void store_code(std::uint32_t code);
    void fill_maxima(std::span<const std::uint32_t> rows, std::size_t blocks);
    void fill_directory(std::span<const std::uint32_t> places, std::size_t words);
    void fill_entries(std::span<const std::uint32_t> rows);
    void count_impacts();
    void fill_windows(std::span<const std::uint32_t> rows, std::size_t segment_rows);

    ColumnArrays arrays_;  // shape, size and unit
    std::vector<std::uint32_t> window_starts_;
    std::vector<std::uint16_t> window_rows_;
    std::vector<std::uint8_t> impacts_;
    std::vector<std::uint32_t> at_least_;
    std::vector<std::uint8_t> codes_;
    std::vector<EscapedCode> escapes_;
    std::vector<std::uint8_t> block_maxima_;
    std::vector<kernels::DirectoryWord> directory_;
    std::vector<std::uint32_t> entry_blocks_;
    std::vector<std::uint8_t> entry_maxima_;
    std::vector<kernels::BlockEntry> entries_;
};

ColumnBuilder::ColumnBuilder(const PostingList& list, const ColumnScoring& scoring) {
    const std::size_t segment_rows = scoring.norm_by_row.size();
    std::vector<std::uint32_t> rows;
    quantise(list, scoring, rows);
    arrays_.size = static_cast<std::uint32_t>(rows.size());
    const ColumnSizes sizes(rows.size(), 0, segment_rows);
    arrays_.shape = sizes.shape;
    fill_windows(rows, segment_rows);
    if (sizes.at_least > 0) count_impacts();
    if (sizes.block_maxima > 0) fill_maxima(rows, sizes.block_maxima);
    if (sizes.shape != ColumnShape::rows) fill_entries(rows);
    if (sizes.directory > 0) {
        fill_directory(sizes.shape == ColumnShape::rows ? rows : entry_blocks_, sizes.directory);
    }
}

ColumnArrays ColumnBuilder::arrays() const {
    ColumnArrays all = arrays_;
    all.directory = directory_;
    all.entries = entries_;
    all.escapes = escapes_;
    all.window_starts = window_starts_;
    all.at_least = at_least_;
    all.entry_blocks = entry_blocks_;
    all.window_rows = window_rows_;
    all.impacts = impacts_;
    all.codes = codes_;
    all.block_maxima = block_maxima_;
    all.entry_maxima = entry_maxima_;
    return all;
}

void ColumnBuilder::quantise(const PostingList& list, const ColumnScoring& scoring,
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
    arrays_.unit = largest / 255.0;
    impacts_.reserve(values.size() + kernels::kImpactPadding);
    for (const double value : values) {
        // division and multiplication round: the largest value may come out a hair above 255
        const double impact =
            arrays_.unit > 0.0 ? std::clamp(std::ceil(value / arrays_.unit), 1.0, 255.0) : 1.0;
        impacts_.push_back(static_cast<std::uint8_t>(impact));
    }
    impacts_.resize(values.size() + kernels::kImpactPadding);
}

void ColumnBuilder::store_code(std::uint32_t code) {
    if (code >= ColumnArrays::kEscape) escapes_.push_back({static_cast<std::uint32_t>(codes_.size()), code});
    codes_.push_back(static_cast<std::uint8_t>(std::min<std::uint32_t>(code, ColumnArrays::kEscape)));
}

void ColumnBuilder::fill_maxima(std::span<const std::uint32_t> rows, std::size_t blocks) {
    block_maxima_.resize(blocks);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        std::uint8_t& maximum = block_maxima_[rows[i] / kBlockRows];
        maximum = std::max(maximum, impacts_[i]);
    }
}

void ColumnBuilder::fill_directory(std::span<const std::uint32_t> places, std::size_t words) {
    directory_.resize(words);
    for (const std::uint32_t place : places) directory_[place / 64].bits |= std::uint64_t{1} << (place % 64);
    std::uint32_t before = 0;
    for (kernels::DirectoryWord& word : directory_) {
        word.first = before;
        before += static_cast<std::uint32_t>(std::popcount(word.bits));
    }
}

void ColumnBuilder::fill_entries(std::span<const std::uint32_t> rows) {
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
    entries_.push_back({static_cast<std::uint32_t>(rows.size())});  // no rows: what follows the last block
    entries_.emplace_back();                                        // kernels read past an entry
}

void ColumnBuilder::count_impacts() {
    at_least_.assign(257, 0);
    for (std::size_t i = 0; i < arrays_.size; ++i) ++at_least_[impacts_[i]];
    for (std::size_t impact = 256; impact-- > 0;) at_least_[impact] += at_least_[impact + 1];
}

void ColumnBuilder::fill_windows(std::span<const std::uint32_t> rows, std::size_t segment_rows) {
    window_rows_.reserve(rows.size());
    for (std::size_t first = 0; first < segment_rows; first += ColumnArrays::kWindowRows) {
        window_starts_.push_back(static_cast<std::uint32_t>(window_rows_.size()));
        while (window_rows_.size() < rows.size() &&
               rows[window_rows_.size()] - first < ColumnArrays::kWindowRows) {
            window_rows_.push_back(static_cast<std::uint16_t>(rows[window_rows_.size()] - first));
        }
    }
    window_starts_.push_back(static_cast<std::uint32_t>(window_rows_.size()));
}

}  // namespace

ColumnSizes::ColumnSizes(std::size_t size, std::size_t entry_blocks, std::size_t segment_rows) {
    const auto is_frequent = [&](std::size_t share) { return size * share >= segment_rows; };
    const std::size_t blocks = padded_blocks(segment_rows);
    shape = is_frequent(kRowsShare)      ? ColumnShape::rows
            : is_frequent(kEntriesShare) ? ColumnShape::blocks
                                         : ColumnShape::entries;
    const std::size_t places = shape == ColumnShape::rows     ? blocks * kBlockRows
                               : shape == ColumnShape::blocks ? blocks
                                                              : 0;
    directory = (places + 63) / 64;
    entries = shape == ColumnShape::rows ? 0 : entry_blocks + 2;
    window_starts = (segment_rows + ColumnArrays::kWindowRows - 1) / ColumnArrays::kWindowRows + 1;
    at_least = size >= kFewPostings ? 257 : 0;
    block_maxima = is_frequent(kMaximaShare) ? blocks : 0;
}

Column::Column(const PostingList& list, const ColumnScoring& scoring, Arena& memory) {
    const ColumnBuilder builder(list, scoring);
    const ColumnArrays arrays = builder.arrays();
    const std::size_t rows = scoring.norm_by_row.size();
    const auto owned = memory.allocate(encoded_size(header_of(arrays), rows));
    auto* const bytes = reinterpret_cast<std::uint8_t*>(owned.get());
    write_column(arrays, rows, bytes);
    arrays_ = arrays_in(bytes, rows);
    owned_ = owned;
}

}  // namespace rocchio::lexical
