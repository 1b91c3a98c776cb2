#include "lexical/posting_codec.hpp"

#include <algorithm>
#include <bit>

#include "codecs/bit_writer.hpp"
#include "codecs/exp_golomb.hpp"

namespace rocchio::lexical {
namespace {

using namespace rocchio::codecs;

constexpr unsigned kOrderBits = 5;
constexpr unsigned kWidthBits = 6;
constexpr unsigned kCodeOrder = 0;  // codes are numbered by use, so most of them are 0: as the pairs are read

std::uint32_t gap_at(std::span<const std::uint32_t> rows, std::size_t i) {
    return i == 0 ? rows[0] : rows[i] - rows[i - 1] - 1;
}

std::uint64_t bits_of_gaps(std::span<const std::uint32_t> rows, unsigned order) {
    std::uint64_t bits = exp_golomb_bits(rows[0], order);
    for (std::size_t i = 1; i < rows.size(); ++i) bits += exp_golomb_bits(rows[i] - rows[i - 1] - 1, order);
    return bits;
}

/// The order that takes the fewest bits: looked for from that of the mean gap, downhill.
unsigned best_order(std::span<const std::uint32_t> rows) {
    const auto mean = static_cast<std::uint32_t>(rows.back() / rows.size());
    unsigned best = std::min(static_cast<unsigned>(std::bit_width(mean)), kMaxOrder);
    std::uint64_t least = bits_of_gaps(rows, best);
    for (const int step : {-1, 1}) {
        const unsigned from = best;
        for (unsigned order = best + static_cast<unsigned>(step); order <= kMaxOrder;
             order += static_cast<unsigned>(step)) {
            const std::uint64_t bits = bits_of_gaps(rows, order);
            if (bits >= least) break;
            least = bits;
            best = order;
        }
        if (best != from) break;
    }
    return best;
}

/// Writes the directory: for each block but the first, the row before it and its distance from the first
/// posting in bits.
void write_directory(BitWriter& out, std::span<const std::uint32_t> rows,
                     std::span<const std::uint32_t> codes, unsigned order) {
    std::vector<std::uint64_t> positions;
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i > 0 && i % kBlockPostings == 0) positions.push_back(bits);
        bits += exp_golomb_bits(gap_at(rows, i), order) + exp_golomb_bits(codes[i], kCodeOrder);
    }
    const auto row_width = static_cast<unsigned>(std::bit_width(rows.back()));
    const auto position_width = static_cast<unsigned>(std::bit_width(positions.back()));
    out.write(row_width, kWidthBits);
    out.write(position_width, kWidthBits);
    for (std::size_t block = 1; block <= positions.size(); ++block) {
        out.write(rows[block * kBlockPostings - 1], row_width);
        out.write(positions[block - 1], position_width);
    }
}

}  // namespace

void encode_postings(std::span<const std::uint32_t> rows, std::span<const std::uint32_t> codes,
                     std::vector<std::uint8_t>& bytes) {
    BitWriter out(bytes);
    const unsigned order = best_order(rows);
    out.write(order, kOrderBits);
    if (rows.size() > kBlockPostings) write_directory(out, rows, codes, order);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        write_exp_golomb(out, gap_at(rows, i), order);
        write_exp_golomb(out, codes[i], kCodeOrder);
    }
    out.finish();
}

EncodedPostings::EncodedPostings(const CheckedArray<std::uint8_t>& bytes, std::uint64_t begin,
                                 std::uint64_t end, std::uint64_t count, std::uint32_t row_count,
                                 std::uint64_t code_count)
    : bytes_(bytes),
      begin_(begin),
      count_(count),
      row_count_(row_count),
      code_count_(code_count),
      view_(bytes.view(begin, end)) {
    if (count == 0 || count > row_count) fail(0, "a posting list is empty or has more postings than rows");
    if (count > 4 * std::uint64_t{view_.size()}) fail(0, "a posting list is shorter than its postings");
    BitReader in(view_);
    order_ = static_cast<unsigned>(in.read(kOrderBits));
    if (count > kBlockPostings) {
        row_width_ = static_cast<unsigned>(in.read(kWidthBits));
        position_width_ = static_cast<unsigned>(in.read(kWidthBits));
        if (row_width_ > 32 || position_width_ > BitReader::kPeekBits) {
            fail(0, "the directory of a posting list has impossible widths");
        }
    }
    directory_ = in.position();
    postings_ = directory_ + further_blocks() * (row_width_ + position_width_);
}

EncodedPostings::Start EncodedPostings::start_of(std::uint64_t block) const {
    if (block == 0) return {postings_, 0};
    BitReader in(view_, directory_ + (block - 1) * (row_width_ + position_width_));
    const std::uint64_t row = in.read(row_width_);
    const std::uint64_t position = in.read(position_width_);
    if (row >= row_count_ || postings_ + position > 8 * std::uint64_t{view_.size()}) {
        fail(in.position(), "the directory of a posting list points outside");
    }
    return {postings_ + position, row + 1};
}

void EncodedPostings::decode_block(BitReader& in, std::uint64_t& next_row, std::span<std::uint32_t> rows,
                                   std::span<std::uint32_t> codes) const {
    BitReader reader = in;  // copies stay in registers
    std::uint64_t next = next_row;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto [gap, code] = read_exp_golomb_pair(reader, order_);
        const std::uint64_t row = next + gap;
        if (row >= row_count_) [[unlikely]]
            fail(reader.position(), "a row is out of range");
        if (code >= code_count_) [[unlikely]]
            fail(reader.position(), "a frequency code is out of range");
        rows[i] = static_cast<std::uint32_t>(row);
        codes[i] = static_cast<std::uint32_t>(code);
        next = row + 1;
    }
    next_row = next;
    in = reader;
}

PostingList EncodedPostings::decode() const {
    PostingList list;
    list.rows.resize(count_);
    list.codes.resize(count_);
    BitReader in(view_, postings_);
    std::uint64_t next_row = 0;
    for (std::uint64_t block = 0; block <= further_blocks(); ++block) {
        const Start start = start_of(block);
        if (start.position != in.position() || start.next_row != next_row) {
            fail(in.position(), "the directory of a posting list does not fit its postings");
        }
        const std::uint64_t first = block * kBlockPostings;
        const std::uint64_t size = std::min(kBlockPostings, count_ - first);
        decode_block(in, next_row, std::span(list.rows).subspan(first, size),
                     std::span(list.codes).subspan(first, size));
    }
    if (!in.at_padding()) fail(in.position(), "a posting list does not end at its end");
    return list;
}

std::optional<std::uint32_t> EncodedPostings::find(std::uint32_t row) const {
    std::uint64_t block = 0;  // the last one that begins after a row below `row`
    std::uint64_t beyond = further_blocks() + 1;
    while (beyond - block > 1) {
        const std::uint64_t middle = (block + beyond) / 2;
        (start_of(middle).next_row <= row ? block : beyond) = middle;
    }
    const Start start = start_of(block);
    BitReader in(view_, start.position);
    std::uint64_t next_row = start.next_row;
    std::uint32_t found = 0;
    std::uint32_t code = 0;
    const std::uint64_t left = std::min(kBlockPostings, count_ - block * kBlockPostings);
    for (std::uint64_t i = 0; i < left && next_row <= row; ++i) {
        decode_block(in, next_row, {&found, 1}, {&code, 1});
        if (in.overrun()) fail(in.position(), "a posting list is cut short");
        if (found == row) return code;
    }
    return std::nullopt;
}

void EncodedPostings::fail(std::uint64_t position, const char* reason) const {
    bytes_.fail(begin_ + std::min<std::uint64_t>(position / 8, view_.size()), reason);
}

}  // namespace rocchio::lexical
