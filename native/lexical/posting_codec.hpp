#pragma once
// A posting list as bits: the gaps between its rows and the frequency codes, in exponential-Golomb codes, and
// a directory for long lists, so that one row is found without reading all of them (docs/formats/lexical.md).

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/checked_file.hpp"
#include "codecs/bit_reader.hpp"

namespace rocchio::lexical {

/// A list with more postings than this has a directory with an entry for each further block of so many.
inline constexpr std::uint64_t kBlockPostings = 128;

/// Postings of one term: rows, increasing, and the frequency code of each.
struct PostingList {
    std::vector<std::uint32_t> rows;
    std::vector<std::uint32_t> codes;

    std::size_t size() const { return rows.size(); }
};

/// Appends a list, which must not be empty, to `bytes`.
void encode_postings(std::span<const std::uint32_t> rows, std::span<const std::uint32_t> codes,
                     std::vector<std::uint8_t>& bytes);

/// A list inside an array of bytes. Nothing in it is trusted.
class EncodedPostings {
  public:
    /// The list is `bytes` [begin, end) and has `count` postings; rows must be below `row_count`, codes below
    /// `code_count`. Throws Corruption when that cannot be.
    EncodedPostings(const CheckedArray<std::uint8_t>& bytes, std::uint64_t begin, std::uint64_t end,
                    std::uint64_t count, std::uint32_t row_count, std::uint64_t code_count);

    /// The whole list; every bit of it is checked.
    PostingList decode() const;

    /// The code of a row, or nothing when the row is not in the list. Reads one block.
    std::optional<std::uint32_t> find(std::uint32_t row) const;

  private:
    /// Where a block begins, and the least row that its first posting can have.
    struct Start {
        std::uint64_t position;
        std::uint64_t next_row;
    };

    std::uint64_t further_blocks() const { return (count_ - 1) / kBlockPostings; }
    Start start_of(std::uint64_t block) const;
    void decode_block(codecs::BitReader& in, std::uint64_t& next_row, std::span<std::uint32_t> rows,
                      std::span<std::uint32_t> codes) const;
    [[noreturn]] void fail(std::uint64_t position, const char* reason) const;

    const CheckedArray<std::uint8_t>& bytes_;
    std::uint64_t begin_;
    std::uint64_t count_;
    std::uint64_t row_count_;
    std::uint64_t code_count_;
    std::span<const std::uint8_t> view_;
    unsigned order_ = 0;
    unsigned row_width_ = 0;
    unsigned position_width_ = 0;
    std::uint64_t directory_ = 0;  // positions in bits, from `begin`
    std::uint64_t postings_ = 0;
};

}  // namespace rocchio::lexical
