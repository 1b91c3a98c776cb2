// The body of every level: included by block_kernels_LEVEL.cpp, which are compiled with different flags.
// Plain loops are vectorised by the compiler; intrinsics stand where compilers do not see it.
//
// Nothing here may be an inline function of a shared header (std::min, say): the linker keeps one copy of
// such a function, which might be the one that was compiled for a newer processor.

#include "kernels/block_kernels.hpp"

#if defined(__SSSE3__) || defined(__AVX2__)
#include <immintrin.h>
#endif

namespace rocchio::kernels {
namespace {

/// For each byte of presence bits: where in a run of impacts each of the eight rows finds its own.
struct ExpandTable {
    std::uint8_t source[256][kBlockRows];
};

constexpr std::uint8_t kAbsent = 0x80;

constexpr ExpandTable make_expand_table() {
    ExpandTable table{};
    for (unsigned bits = 0; bits < 256; ++bits) {
        std::uint8_t next = 0;
        for (unsigned row = 0; row < kBlockRows; ++row)
            table.source[bits][row] = ((bits >> row) & 1u) != 0 ? next++ : kAbsent;
    }
    return table;
}

constexpr ExpandTable kExpand = make_expand_table();

inline unsigned ones(std::uint64_t bits) {
#if defined(__POPCNT__) || defined(__aarch64__)
    return static_cast<unsigned>(__builtin_popcountll(bits));
#else
    bits -= (bits >> 1) & 0x5555555555555555u;
    bits = (bits & 0x3333333333333333u) + ((bits >> 2) & 0x3333333333333333u);
    bits = (bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0Fu;
    return static_cast<unsigned>((bits * 0x0101010101010101u) >> 56);
#endif
}

/// The position of the lowest bit that is set; there is one.
inline unsigned lowest_bit(std::uint32_t bits) {
#if defined(__GNUC__)
    return static_cast<unsigned>(__builtin_ctz(bits));
#else
    return ones((bits & (~bits + 1)) - 1);
#endif
}

void add_maxima(std::uint16_t* __restrict sums, const std::uint8_t* __restrict maxima, std::size_t count,
                std::uint16_t weight) {
    for (std::size_t i = 0; i < count; ++i) {
        // the value in the upper byte, so that the upper half of the product is the weighted value
        const auto value = static_cast<std::uint16_t>(maxima[i] << 8);
        sums[i] = static_cast<std::uint16_t>(sums[i] + ((std::uint32_t{value} * weight) >> 16));
    }
}

void keep_larger(std::uint16_t* __restrict largest, const std::uint16_t* __restrict sums, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) largest[i] = largest[i] < sums[i] ? sums[i] : largest[i];
}

/// Bit i is set if sums[i] > cut, for i < kScanBlocks.
#if defined(__AVX512BW__)

inline std::uint32_t above(const std::uint16_t* sums, std::uint16_t cut) {
    return _mm512_cmpgt_epu16_mask(_mm512_loadu_si512(sums), _mm512_set1_epi16(static_cast<short>(cut)));
}

#elif defined(__AVX2__)

inline std::uint32_t above(const std::uint16_t* sums, std::uint16_t cut) {
    const __m256i limit = _mm256_set1_epi16(static_cast<short>(cut));
    const __m256i zero = _mm256_setzero_si256();
    const auto* from = reinterpret_cast<const __m256i*>(sums);
    const __m256i low = _mm256_cmpeq_epi16(_mm256_subs_epu16(_mm256_loadu_si256(from), limit), zero);
    const __m256i high = _mm256_cmpeq_epi16(_mm256_subs_epu16(_mm256_loadu_si256(from + 1), limit), zero);
    const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packs_epi16(low, high), 0xD8);
    return ~static_cast<std::uint32_t>(_mm256_movemask_epi8(bytes));
}

#else

inline std::uint32_t above(const std::uint16_t* sums, std::uint16_t cut) {
    std::uint32_t any = 0;
    for (std::size_t i = 0; i < kScanBlocks; ++i) any |= sums[i] > cut ? 1u : 0u;
    if (any == 0) return 0;
    std::uint32_t mask = 0;
    for (std::size_t i = 0; i < kScanBlocks; ++i) mask |= (sums[i] > cut ? 1u : 0u) << i;
    return mask;
}

#endif

std::size_t find_above(std::uint32_t* found, const std::uint16_t* sums, std::size_t count,
                       std::uint16_t cut) {
    std::size_t written = 0;
    for (std::size_t first = 0; first < count; first += kScanBlocks) {
        for (std::uint32_t mask = above(sums + first, cut); mask != 0; mask &= mask - 1) {
            found[written++] = static_cast<std::uint32_t>(first + lowest_bit(mask));
        }
    }
    return written;
}

#if defined(__SSSE3__) || defined(__AVX2__)

std::uint32_t rows_above(const std::uint16_t* sums, std::uint16_t cut) {
    const __m128i values = _mm_loadu_si128(reinterpret_cast<const __m128i*>(sums));
    const __m128i zero = _mm_setzero_si128();
    const __m128i below =
        _mm_cmpeq_epi16(_mm_subs_epu16(values, _mm_set1_epi16(static_cast<short>(cut))), zero);
    return ~static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(below, zero))) & 0xFFu;
}

inline void score_block(std::uint16_t* sums, std::uint8_t presence, const std::uint8_t* impacts,
                        std::uint16_t weight) {
    const auto load8 = [](const std::uint8_t* from) {
        return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
    };
    const __m128i by_row = _mm_shuffle_epi8(load8(impacts), load8(kExpand.source[presence]));
    const __m128i upper = _mm_unpacklo_epi8(_mm_setzero_si128(), by_row);
    auto* to = reinterpret_cast<__m128i*>(sums);
    const __m128i added = _mm_mulhi_epu16(upper, _mm_set1_epi16(static_cast<short>(weight)));
    _mm_storeu_si128(to, _mm_add_epi16(_mm_loadu_si128(to), added));
}

#else

std::uint32_t rows_above(const std::uint16_t* sums, std::uint16_t cut) {
    std::uint32_t mask = 0;
    for (std::size_t row = 0; row < kBlockRows; ++row) mask |= (sums[row] > cut ? 1u : 0u) << row;
    return mask;
}

inline void score_block(std::uint16_t* sums, std::uint8_t presence, const std::uint8_t* impacts,
                        std::uint16_t weight) {
    for (std::size_t row = 0; row < kBlockRows; ++row) {
        const std::uint8_t source = kExpand.source[presence][row];
        const std::uint8_t impact = source == kAbsent ? std::uint8_t{0} : impacts[source];
        sums[row] = static_cast<std::uint16_t>(sums[row] + ((std::uint32_t{impact} * weight) >> 8));
    }
}

#endif

/// Asks for a cache line, without a wait.
inline void ask_for(const void* from) {
#if defined(__GNUC__)
    __builtin_prefetch(from);
#else
    (void)from;
#endif
}

struct Run {
    std::uint32_t first;    // place of the first posting
    std::uint8_t presence;  // a bit for each row that holds the term
};

/// The postings of a block, by a directory over rows.
inline Run run_of(const DirectoryWord* directory, std::uint32_t block) {
    const DirectoryWord& word = directory[block / 8];
    const unsigned shift = block % 8 * 8;
    return {word.first + ones(word.bits & ((std::uint64_t{1} << shift) - 1)),
            static_cast<std::uint8_t>(word.bits >> shift)};
}

void ask_by_rows(const std::uint32_t* blocks, std::size_t count, const DirectoryWord* directory,
                 const std::uint8_t* impacts) {
    for (std::size_t j = 0; j < count; ++j) ask_for(impacts + run_of(directory, blocks[j]).first);
}

void score_by_rows(std::uint16_t* sums, const std::uint32_t* blocks, std::size_t count,
                   const DirectoryWord* directory, const std::uint8_t* impacts, std::uint16_t weight) {
    for (std::size_t j = 0; j < count; ++j) {
        const Run run = run_of(directory, blocks[j]);
        score_block(sums + kBlockRows * j, run.presence, impacts + run.first, weight);
    }
}

inline void score_entry(std::uint16_t* sums, const BlockEntry& entry, const std::uint8_t* impacts,
                        std::uint16_t weight) {
    // the entry's own impacts spare a cache miss; what is read past them belongs to no row
    const bool is_inline = ones(entry.presence) <= BlockEntry::kInline;
    score_block(sums, entry.presence, is_inline ? entry.impacts : impacts + entry.first, weight);
}

/// The place of bit `index` of the directory, or kNowhere.
inline std::uint32_t place_of(const DirectoryWord* directory, std::uint32_t index) {
    const DirectoryWord& word = directory[index / 64];
    const std::uint64_t bit = std::uint64_t{1} << (index % 64);
    const std::uint32_t place = word.first + ones(word.bits & (bit - 1));
    return (word.bits & bit) != 0 ? place : kNowhere;
}

void find_blocks(FoundBlocks& found, const std::uint32_t* blocks, std::size_t count,
                 const DirectoryWord* directory, const BlockEntry* entries) {
    // what is present is gathered without a branch, which could not be predicted
    std::size_t present = 0;
    for (std::size_t j = 0; j < count; ++j) {
        const std::uint32_t place = place_of(directory, blocks[j]);
        found.index[present] = static_cast<std::uint32_t>(j);
        found.entry[present] = place;
        present += place != kNowhere ? 1 : 0;
    }
    found.count = present;
    for (std::size_t i = 0; i < present; ++i) ask_for(entries + found.entry[i]);
}

void score_found(std::uint16_t* sums, const FoundBlocks& found, const BlockEntry* entries,
                 const std::uint8_t* impacts, std::uint16_t weight) {
    for (std::size_t i = 0; i < found.count; ++i)
        score_entry(sums + kBlockRows * found.index[i], entries[found.entry[i]], impacts, weight);
}

void score_entries(std::uint16_t* sums, const DirectoryWord* places, const std::uint32_t* entry_blocks,
                   const BlockEntry* entries, std::size_t count, const std::uint8_t* impacts,
                   std::uint16_t weight) {
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t place = place_of(places, entry_blocks[i]);
        if (place != kNowhere) score_entry(sums + kBlockRows * place, entries[i], impacts, weight);
    }
}

void add_postings(std::uint16_t* __restrict sums, const std::uint16_t* __restrict rows,
                  const std::uint8_t* __restrict impacts, std::size_t count, std::uint16_t weight) {
    for (std::size_t i = 0; i < count; ++i) {
        std::uint16_t& sum = sums[rows[i]];
        sum = static_cast<std::uint16_t>(sum + ((std::uint32_t{impacts[i]} * weight) >> 8));
    }
}

void find_by_rows(std::uint32_t* places, const std::uint32_t* rows, std::size_t count,
                  const DirectoryWord* directory) {
    for (std::size_t i = 0; i < count; ++i) places[i] = place_of(directory, rows[i]);
}

void find_by_blocks(std::uint32_t* places, const std::uint32_t* rows, std::size_t count,
                    const DirectoryWord* directory, const BlockEntry* entries) {
    std::uint32_t blocks[FoundBlocks::kMost];
    FoundBlocks found;
    for (std::size_t first = 0; first < count; first += FoundBlocks::kMost) {
        const std::size_t some = count - first < FoundBlocks::kMost ? count - first : FoundBlocks::kMost;
        for (std::size_t i = 0; i < some; ++i) {
            blocks[i] = static_cast<std::uint32_t>(rows[first + i] / kBlockRows);
            places[first + i] = kNowhere;
        }
        find_blocks(found, blocks, some, directory, entries);
        for (std::size_t j = 0; j < found.count; ++j) {
            const BlockEntry& entry = entries[found.entry[j]];
            const std::size_t i = first + found.index[j];
            const unsigned bit = 1u << rows[i] % kBlockRows;
            const std::uint32_t place = entry.first + ones(entry.presence & (bit - 1));
            places[i] = (entry.presence & bit) != 0 ? place : kNowhere;
        }
    }
}

}  // namespace
}  // namespace rocchio::kernels
