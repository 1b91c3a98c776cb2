// The body of every level: included by vector_kernels_LEVEL.cpp, which are compiled with different flags. As
// in block_kernels.inl, no inline function of a shared header may be used here.

#if defined(__GNUC__) && !defined(__clang__)
// GCC takes the undefined halves inside its own AVX-512 intrinsics for ours (its bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include <math.h>

#include <cstring>

#include "kernels/vector_kernels.hpp"

#if defined(__SSE2__) || defined(__AVX2__)
#include <immintrin.h>
#endif

namespace rocchio::kernels {
namespace {

// ---- sums of products of codes
// -------------------------------------------------------------------------------

#if defined(__AVX512VNNI__)

using Sum = __m512i;
constexpr std::size_t kStep = 64;

inline Sum zero_sum() {
    return _mm512_setzero_si512();
}

inline Sum add_products(Sum sum, const std::uint8_t* codes, const std::int8_t* query) {
    return _mm512_dpbusd_epi32(sum, _mm512_loadu_si512(codes), _mm512_loadu_si512(query));
}

inline __m128i halves_added(__m512i lanes) {
    const __m256i pair = _mm256_add_epi32(_mm512_castsi512_si256(lanes), _mm512_extracti64x4_epi64(lanes, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(pair), _mm256_extracti128_si256(pair, 1));
}

/// The totals of four sums.
inline __m128i totals(Sum a, Sum b, Sum c, Sum d) {
    const __m512i ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    const __m512i cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    return halves_added(_mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd)));
}

#elif defined(__AVX2__)

using Sum = __m256i;
constexpr std::size_t kStep = 16;

inline Sum zero_sum() {
    return _mm256_setzero_si256();
}

/// Products as 16-bit pairs: maddubs would be shorter and saturates at 255 * 127 * 2.
inline Sum add_products(Sum sum, const std::uint8_t* codes, const std::int8_t* query) {
    const __m256i code = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes)));
    const __m256i other = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(query)));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(code, other));
}

inline __m128i totals(Sum a, Sum b, Sum c, Sum d) {
    const __m256i all = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
    return _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
}

#endif

#if defined(__AVX2__)

/// Four rows with one query.
inline __m128i dot_four(const std::uint8_t* const rows[4], std::size_t width, const std::int8_t* query) {
    Sum a = zero_sum(), b = zero_sum(), c = zero_sum(), d = zero_sum();
    for (std::size_t j = 0; j < width; j += kStep) {
        a = add_products(a, rows[0] + j, query + j);
        b = add_products(b, rows[1] + j, query + j);
        c = add_products(c, rows[2] + j, query + j);
        d = add_products(d, rows[3] + j, query + j);
    }
    return totals(a, b, c, d);
}

inline std::int32_t dot_one(const std::uint8_t* codes, std::size_t width, const std::int8_t* query) {
    Sum sum = zero_sum();
    for (std::size_t j = 0; j < width; j += kStep) sum = add_products(sum, codes + j, query + j);
    return _mm_cvtsi128_si32(totals(sum, zero_sum(), zero_sum(), zero_sum()));
}

#else

inline std::int32_t dot_one(const std::uint8_t* codes, std::size_t width, const std::int8_t* query) {
    std::int32_t sum = 0;
    for (std::size_t j = 0; j < width; ++j) sum += static_cast<std::int32_t>(codes[j]) * query[j];
    return sum;
}

#endif

void dot_rows(const std::uint8_t* codes, std::size_t width, std::size_t rows, const std::int8_t* query,
              std::int32_t* sums) {
    std::size_t row = 0;
#if defined(__AVX2__)
    for (; row + 4 <= rows; row += 4) {
        const std::uint8_t* first = codes + row * width;
        const std::uint8_t* const four[4] = {first, first + width, first + 2 * width, first + 3 * width};
        _mm_storeu_si128(reinterpret_cast<__m128i*>(sums + row), dot_four(four, width, query));
    }
#endif
    for (; row < rows; ++row) sums[row] = dot_one(codes + row * width, width, query);
}

/// How many chosen rows ahead are asked for from memory.
constexpr std::size_t kAhead = 16;

inline void fetch(const std::uint8_t* bytes, std::size_t count) {
#if defined(__GNUC__)
    for (std::size_t offset = 0; offset < count; offset += 64) __builtin_prefetch(bytes + offset);
#else
    (void)bytes;
    (void)count;
#endif
}

/// The same for bytes that are used once: they pass by the second cache, in which what a caller needs after a
/// scan of thousands of rows stays so.
inline void fetch_passing(const std::uint8_t* bytes, std::size_t count) {
#if defined(__GNUC__)
    for (std::size_t offset = 0; offset < count; offset += 64) __builtin_prefetch(bytes + offset, 0, 0);
#else
    (void)bytes;
    (void)count;
#endif
}

void dot_chosen(const std::uint8_t* codes, std::size_t width, const std::uint32_t* chosen, std::size_t count,
                std::size_t known, const std::int8_t* query, std::int32_t* sums) {
    for (std::size_t i = 0; i < kAhead && i < known; ++i) fetch_passing(codes + chosen[i] * width, width);
    std::size_t i = 0;
#if defined(__AVX2__)
    for (; i + 4 <= count; i += 4) {
        const std::uint8_t* four[4];
        for (std::size_t r = 0; r < 4; ++r) {
            four[r] = codes + chosen[i + r] * width;
            if (i + r + kAhead < known) fetch_passing(codes + chosen[i + r + kAhead] * width, width);
        }
        _mm_storeu_si128(reinterpret_cast<__m128i*>(sums + i), dot_four(four, width, query));
    }
#endif
    for (; i < count; ++i) sums[i] = dot_one(codes + chosen[i] * width, width, query);
}

#if defined(__AVX512VNNI__)

constexpr std::size_t kQueriesAtOnce = 8;
constexpr std::size_t kLanesOfSum = 16;
constexpr std::size_t kSumsAtOnce = 2;  // of each query
constexpr std::size_t kRowsAtOnce = kSumsAtOnce * kLanesOfSum;
constexpr std::size_t kPiece = 512;  // dimensions of the rows that stay in the first cache

/// `count` codes of each of sixteen rows, with groups of four side by side: group g of row r at (g * 16 + r)
/// * 4.
inline void interleave(const std::uint8_t* codes, std::size_t width, std::size_t count,
                       std::uint8_t* interleaved) {
    const __m512i low = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11),
                  high = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    for (std::size_t j = 0; j < count; j += kStep) {
        __m512i rows[16], pairs[16];
        for (std::size_t r = 0; r < 16; ++r) rows[r] = _mm512_loadu_si512(codes + r * width + j);
        // a transposition of 16 x 16 groups: within 128 bits, then of 128-bit lanes
        for (std::size_t r = 0; r < 16; r += 2) {
            pairs[r] = _mm512_unpacklo_epi32(rows[r], rows[r + 1]);
            pairs[r + 1] = _mm512_unpackhi_epi32(rows[r], rows[r + 1]);
        }
        for (std::size_t r = 0; r < 16; r += 4) {
            rows[r] = _mm512_unpacklo_epi64(pairs[r], pairs[r + 2]);
            rows[r + 1] = _mm512_unpackhi_epi64(pairs[r], pairs[r + 2]);
            rows[r + 2] = _mm512_unpacklo_epi64(pairs[r + 1], pairs[r + 3]);
            rows[r + 3] = _mm512_unpackhi_epi64(pairs[r + 1], pairs[r + 3]);
        }
        // rows[4 * b + c]: lane l holds group 4 * l + c of rows 4 * b to 4 * b + 3
        for (std::size_t c = 0; c < 4; ++c) {
            const __m512i a = _mm512_permutex2var_epi64(rows[c], low, rows[4 + c]);
            const __m512i b = _mm512_permutex2var_epi64(rows[8 + c], low, rows[12 + c]);
            const __m512i d = _mm512_permutex2var_epi64(rows[c], high, rows[4 + c]);
            const __m512i e = _mm512_permutex2var_epi64(rows[8 + c], high, rows[12 + c]);
            std::uint8_t* to = interleaved + j * 16 + c * 64;
            _mm512_storeu_si512(to, _mm512_shuffle_i64x2(a, b, 0x44));
            _mm512_storeu_si512(to + 4 * 64, _mm512_shuffle_i64x2(a, b, 0xEE));
            _mm512_storeu_si512(to + 8 * 64, _mm512_shuffle_i64x2(d, e, 0x44));
            _mm512_storeu_si512(to + 12 * 64, _mm512_shuffle_i64x2(d, e, 0xEE));
        }
    }
}

inline __m512i four_of(const std::int8_t* query) {
    std::int32_t four;
    std::memcpy(&four, query, sizeof four);
    return _mm512_set1_epi32(four);
}

/// `count` dimensions of interleaved rows, kPiece of each sixteen, with eight queries: a lane for each row,
/// so that nothing is left to add up in the end, and what is loaded of a query serves twice.
inline void dot_interleaved(const std::uint8_t* rows, std::size_t count, const std::int8_t* queries,
                            std::size_t width, std::int32_t* sums, std::size_t stride, bool is_first) {
    __m512i sum[kQueriesAtOnce][kSumsAtOnce];
    for (std::size_t q = 0; q < kQueriesAtOnce; ++q)
        for (std::size_t s = 0; s < kSumsAtOnce; ++s)
            sum[q][s] = is_first ? zero_sum() : _mm512_loadu_si512(sums + q * stride + s * kLanesOfSum);
    for (std::size_t j = 0; j < count; j += 4) {
        __m512i code[kSumsAtOnce];
        for (std::size_t s = 0; s < kSumsAtOnce; ++s)
            code[s] = _mm512_loadu_si512(rows + (s * kPiece + j) * kLanesOfSum);
        for (std::size_t q = 0; q < kQueriesAtOnce; ++q) {
            const __m512i four = four_of(queries + q * width + j);
            for (std::size_t s = 0; s < kSumsAtOnce; ++s)
                sum[q][s] = _mm512_dpbusd_epi32(sum[q][s], code[s], four);
        }
    }
    for (std::size_t q = 0; q < kQueriesAtOnce; ++q)
        for (std::size_t s = 0; s < kSumsAtOnce; ++s)
            _mm512_storeu_si512(sums + q * stride + s * kLanesOfSum, sum[q][s]);
}

/// kRowsAtOnce rows with `query_count` queries, a multiple of kQueriesAtOnce.
inline void dot_some(const std::uint8_t* codes, std::size_t width, const std::int8_t* queries,
                     std::size_t query_count, std::int32_t* sums, std::size_t stride) {
    alignas(64) std::uint8_t rows[kRowsAtOnce * kPiece];  // else each load would take two lines
    for (std::size_t first = 0; first < width; first += kPiece) {
        const std::size_t count = width - first < kPiece ? width - first : kPiece;
        for (std::size_t s = 0; s < kSumsAtOnce; ++s)
            interleave(codes + first + s * kLanesOfSum * width, width, count,
                       rows + s * kPiece * kLanesOfSum);
        for (std::size_t q = 0; q < query_count; q += kQueriesAtOnce)
            dot_interleaved(rows, count, queries + q * width + first, width, sums + q * stride, stride,
                            first == 0);
    }
}

#elif defined(__AVX2__)

constexpr std::size_t kQueriesAtOnce = 2;
constexpr std::size_t kRowsAtOnce = 4;

/// Four rows with two queries, so that codes in registers serve twice.
inline void dot_two(const std::uint8_t* first, std::size_t width, const std::int8_t* queries,
                    std::int32_t* sums, std::size_t stride) {
    Sum a[4], b[4];
    for (std::size_t r = 0; r < 4; ++r) a[r] = b[r] = zero_sum();
    for (std::size_t j = 0; j < width; j += kStep) {
        for (std::size_t r = 0; r < 4; ++r) {
            a[r] = add_products(a[r], first + r * width + j, queries + j);
            b[r] = add_products(b[r], first + r * width + j, queries + width + j);
        }
    }
    _mm_storeu_si128(reinterpret_cast<__m128i*>(sums), totals(a[0], a[1], a[2], a[3]));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(sums + stride), totals(b[0], b[1], b[2], b[3]));
}

/// As above.
inline void dot_some(const std::uint8_t* codes, std::size_t width, const std::int8_t* queries,
                     std::size_t query_count, std::int32_t* sums, std::size_t stride) {
    for (std::size_t q = 0; q < query_count; q += kQueriesAtOnce)
        dot_two(codes, width, queries + q * width, sums + q * stride, stride);
}

#endif

void dot_tile(const std::uint8_t* codes, std::size_t width, std::size_t rows, const std::int8_t* queries,
              std::size_t query_count, std::int32_t* sums, std::size_t stride) {
    std::size_t query = 0;
#if defined(__AVX2__)
    const std::size_t whole = rows / kRowsAtOnce * kRowsAtOnce;
    query = query_count / kQueriesAtOnce * kQueriesAtOnce;
    for (std::size_t row = 0; query > 0 && row < whole; row += kRowsAtOnce)
        dot_some(codes + row * width, width, queries, query, sums + row, stride);
    for (std::size_t q = 0; q < query; ++q)
        dot_rows(codes + whole * width, width, rows - whole, queries + q * width, sums + q * stride + whole);
#endif
    for (; query < query_count; ++query)
        dot_rows(codes, width, rows, queries + query * width, sums + query * stride);
}

// ---- sign codes
// ----------------------------------------------------------------------------------------------

/// Groups whose entries fit 16 bits together: 256 * kMaxTableEntry < 65536.
constexpr std::size_t kGroupsAtOnce = 256;

#if defined(__AVX512BW__)

struct SignSums {
    __m512i even_low = _mm512_setzero_si512(), odd_low = _mm512_setzero_si512();
    __m512i even_high = _mm512_setzero_si512(), odd_high = _mm512_setzero_si512();

    /// Sums of the four groups that a register holds.
    static __m128i over_groups(__m512i sums) {
        const __m256i pair =
            _mm256_add_epi16(_mm512_castsi512_si256(sums), _mm512_extracti64x4_epi64(sums, 1));
        return _mm_add_epi16(_mm256_castsi256_si128(pair), _mm256_extracti128_si256(pair, 1));
    }
    void add(const std::uint8_t* signs, const std::uint8_t* tables) {
        const __m512i nibble = _mm512_set1_epi8(0x0F);
        __m512i low = _mm512_setzero_si512(), high = low;
        for (std::size_t i = 0; i < 4; ++i) {  // four entries fit a byte
            const __m512i code = _mm512_loadu_si512(signs + i * 64),
                          table = _mm512_loadu_si512(tables + i * 64);
            const __m512i upper = _mm512_and_si512(_mm512_srli_epi16(code, 4), nibble);
            low = _mm512_add_epi8(low, _mm512_shuffle_epi8(table, _mm512_and_si512(code, nibble)));
            high = _mm512_add_epi8(high, _mm512_shuffle_epi8(table, upper));
        }
        even_low = _mm512_add_epi16(even_low, low);
        odd_low = _mm512_add_epi16(odd_low, _mm512_srli_epi16(low, 8));
        even_high = _mm512_add_epi16(even_high, high);
        odd_high = _mm512_add_epi16(odd_high, _mm512_srli_epi16(high, 8));
    }
    /// 16 sums, rows in order, from bytes of even and odd rows: even sums still hold the odd ones, times 256.
    static __m256i in_order(__m512i even, __m512i odd) {
        const __m128i odds = over_groups(odd);
        const __m128i evens = _mm_sub_epi16(over_groups(even), _mm_slli_epi16(odds, 8));
        return _mm256_set_m128i(_mm_unpackhi_epi16(evens, odds), _mm_unpacklo_epi16(evens, odds));
    }
    static void add_sixteen(std::uint32_t* sums, __m256i values) {
        const __m512i before = _mm512_loadu_si512(sums);
        _mm512_storeu_si512(sums, _mm512_add_epi32(before, _mm512_cvtepu16_epi32(values)));
    }
    void add_to(std::uint32_t* sums) const {
        add_sixteen(sums, in_order(even_low, odd_low));
        add_sixteen(sums + 16, in_order(even_high, odd_high));
    }
};
constexpr std::size_t kGroupsByStep = 16;

#elif defined(__AVX2__)

struct SignSums {
    __m256i even_low = _mm256_setzero_si256(), odd_low = _mm256_setzero_si256();
    __m256i even_high = _mm256_setzero_si256(), odd_high = _mm256_setzero_si256();

    static __m128i over_groups(__m256i sums) {
        return _mm_add_epi16(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    }
    void add(const std::uint8_t* signs, const std::uint8_t* tables) {
        const __m256i nibble = _mm256_set1_epi8(0x0F);
        __m256i low = _mm256_setzero_si256(), high = low;
        for (std::size_t i = 0; i < 4; ++i) {  // four entries fit a byte
            const __m256i code = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(signs + i * 32));
            const __m256i table = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(tables + i * 32));
            const __m256i upper = _mm256_and_si256(_mm256_srli_epi16(code, 4), nibble);
            low = _mm256_add_epi8(low, _mm256_shuffle_epi8(table, _mm256_and_si256(code, nibble)));
            high = _mm256_add_epi8(high, _mm256_shuffle_epi8(table, upper));
        }
        even_low = _mm256_add_epi16(even_low, low);
        odd_low = _mm256_add_epi16(odd_low, _mm256_srli_epi16(low, 8));
        even_high = _mm256_add_epi16(even_high, high);
        odd_high = _mm256_add_epi16(odd_high, _mm256_srli_epi16(high, 8));
    }
    static void add_eight(std::uint32_t* sums, __m128i values) {
        auto* place = reinterpret_cast<__m256i*>(sums);
        _mm256_storeu_si256(place,
                            _mm256_add_epi32(_mm256_loadu_si256(place), _mm256_cvtepu16_epi32(values)));
    }
    static void add_half(std::uint32_t* sums, __m256i even, __m256i odd) {
        const __m128i odds = over_groups(odd);
        const __m128i evens = _mm_sub_epi16(over_groups(even), _mm_slli_epi16(odds, 8));
        add_eight(sums, _mm_unpacklo_epi16(evens, odds));
        add_eight(sums + 8, _mm_unpackhi_epi16(evens, odds));
    }
    void add_to(std::uint32_t* sums) const {
        add_half(sums, even_low, odd_low);
        add_half(sums + 16, even_high, odd_high);
    }
};
constexpr std::size_t kGroupsByStep = 8;

#else

struct SignSums {
    std::uint32_t of_row[kSignRows] = {};

    void add(const std::uint8_t* signs, const std::uint8_t* tables) {
        for (std::size_t row = 0; row < 16; ++row) {
            of_row[row] += tables[signs[row] & 15u];
            of_row[row + 16] += tables[signs[row] >> 4];
        }
    }
    void add_to(std::uint32_t* sums) const {
        for (std::size_t row = 0; row < kSignRows; ++row) sums[row] += of_row[row];
    }
};
constexpr std::size_t kGroupsByStep = 1;

#endif

/// Bit r: values[r] >= threshold.
inline std::uint32_t rows_reaching(const float* values, float threshold) {
    std::uint32_t reaching = 0;
#if defined(__AVX512BW__)
    for (std::size_t row = 0; row < kSignRows; row += 16) {
        const __mmask16 mask =
            _mm512_cmp_ps_mask(_mm512_loadu_ps(values + row), _mm512_set1_ps(threshold), _CMP_GE_OQ);
        reaching |= static_cast<std::uint32_t>(mask) << row;
    }
#elif defined(__AVX2__)
    for (std::size_t row = 0; row < kSignRows; row += 8) {
        const __m256 reached =
            _mm256_cmp_ps(_mm256_loadu_ps(values + row), _mm256_set1_ps(threshold), _CMP_GE_OQ);
        reaching |= static_cast<std::uint32_t>(_mm256_movemask_ps(reached)) << row;
    }
#else
    for (std::size_t row = 0; row < kSignRows; ++row)
        reaching |= static_cast<std::uint32_t>(values[row] >= threshold) << row;
#endif
    return reaching;
}

std::uint64_t reaching(const float* values, std::size_t count, float threshold) {
    if (count == kBoundRows)
        return rows_reaching(values, threshold) |
               static_cast<std::uint64_t>(rows_reaching(values + kSignRows, threshold)) << kSignRows;
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < count; ++i) mask |= static_cast<std::uint64_t>(values[i] >= threshold) << i;
    return mask;
}

std::uint64_t bound_rows(const std::int32_t* dots, const RowConstants* rows, std::size_t count,
                         const RowRanking& ranking, float threshold, float* uppers) {
    for (std::size_t r = 0; r < count; ++r) {
        const RowConstants row = rows[r];
        const float product = row.scale * static_cast<float>(dots[r]) + row.low * ranking.sum;
        // the square of a small number may have been rounded to nothing
        const float length = ::sqrtf(2.0f * row.half_square + 0x1p-125f) + row.error;
        const float slack = ranking.norm * row.error + ranking.error * length + ranking.slack;
        uppers[r] = ranking.scale * product + ranking.half_squares * row.half_square + slack;
    }
    return reaching(uppers, count, threshold);
}

constexpr float kLeast = -0x1.fffffep127f;

void rank_lists(const std::int32_t* dots, const RowConstants* centroids, std::size_t count,
                const ListRanking& ranking, float* nearness) {
    for (std::size_t l = 0; l < count; ++l) {
        const RowConstants list = centroids[l];
        const float product =
            ranking.scale * (list.scale * static_cast<float>(dots[l]) + list.low * ranking.sum);
        const float near = product + ranking.half_squares * list.half_square;
        const float square = ranking.square + 2.0f * ranking.half_squares * near, radius = list.error;
        const float distance = ::sqrtf(square > 0.0f ? square : 0.0f);
        const float value =
            near + 0.5f * ranking.half_squares * (radius * radius) + ranking.spread * radius * distance;
        nearness[l] = value > kLeast ? value : kLeast;  // nor is it no number, of damaged files
    }
}

std::uint32_t scan_signs(const std::uint8_t* signs, std::size_t groups, const std::uint8_t* tables,
                         const float* factors, const float* addends, const SignEstimate& estimate,
                         const std::uint8_t* next, float* estimates) {
    std::uint32_t sums[kSignRows] = {};
    for (std::size_t first = 0; first < groups; first += kGroupsAtOnce) {
        const std::size_t last = groups - first < kGroupsAtOnce ? groups : first + kGroupsAtOnce;
        SignSums part;
        for (std::size_t group = first; group < last; group += kGroupsByStep) {
            fetch(next + group * 16, kGroupsByStep * 16);
            part.add(signs + group * 16, tables + group * 16);
        }
        part.add_to(sums);
    }
    for (std::size_t row = 0; row < kSignRows; ++row) {
        const float product = static_cast<float>(static_cast<std::int32_t>(sums[row])) * estimate.slope;
        estimates[row] = estimate.base + factors[row] * (product + estimate.offset);
    }
    if (addends != nullptr)
        for (std::size_t row = 0; row < kSignRows; ++row) estimates[row] += addends[row];
    return rows_reaching(estimates, estimate.threshold);
}

// ---- floats
// --------------------------------------------------------------------------------------------------

/// Sums and differences of values that are `half` apart, for all `half` from `half` to count / 2.
inline void butterflies(float* values, std::size_t count, std::size_t half) {
    for (; half < count; half *= 2) {
        for (std::size_t first = 0; first < count; first += 2 * half) {
            float* __restrict a = values + first;
            float* __restrict b = values + first + half;
            for (std::size_t i = 0; i < half; ++i) {
                const float sum = a[i] + b[i], difference = a[i] - b[i];
                a[i] = sum;
                b[i] = difference;
            }
        }
    }
}

#if defined(__AVX2__)

/// One step inside a register: `others` are the values that `values` are paired with, `negated` marks the
/// second of each pair, whose difference is first - second.
inline __m256 paired(__m256 values, __m256 others, __m256 negated) {
    return _mm256_add_ps(others, _mm256_xor_ps(values, negated));
}

/// The steps of eight neighbours.
inline __m256 butterflies_of_eight(__m256 values) {
    const float n = -0.0f;
    const __m256 ones = _mm256_setr_ps(0, n, 0, n, 0, n, 0, n), twos = _mm256_setr_ps(0, 0, n, n, 0, 0, n, n);
    const __m256 fours = _mm256_setr_ps(0, 0, 0, 0, n, n, n, n);
    values = paired(values, _mm256_permute_ps(values, 0xB1), ones);
    values = paired(values, _mm256_permute_ps(values, 0x4E), twos);
    return paired(values, _mm256_permute2f128_ps(values, values, 0x01), fours);
}

#endif

void hadamard(float* values, std::size_t count) {
#if defined(__AVX2__)
    if (count >= 8) {
        for (std::size_t i = 0; i < count; i += 8)
            _mm256_storeu_ps(values + i, butterflies_of_eight(_mm256_loadu_ps(values + i)));
        return butterflies(values, count, 8);
    }
#endif
    butterflies(values, count, 1);
}

constexpr std::size_t kLanes = 16;

inline double total_of(double* sums) {
    for (std::size_t half = kLanes / 2; half > 0; half /= 2)
        for (std::size_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
    return sums[0];
}

inline float widened(std::uint16_t half) {
    const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
    const std::uint32_t exponent = (half >> 10) & 0x1Fu, fraction = half & 0x3FFu;
    std::uint32_t bits = 0;
    if (exponent == 0) {  // zero or subnormal: fraction * 2^-24 is exact
        const float value = static_cast<float>(fraction) * 0x1p-24f;
        return sign != 0 ? -value : value;
    }
    bits = exponent == 31 ? sign | 0x7F800000u | (fraction << 13)
                          : sign | ((exponent + 112) << 23) | (fraction << 13);
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

void widen(const std::uint16_t* halves, std::size_t count, float* floats) {
    std::size_t i = 0;
#if defined(__F16C__) && defined(__AVX2__)
    for (; i + 8 <= count; i += 8) {
        const __m128i eight = _mm_loadu_si128(reinterpret_cast<const __m128i*>(halves + i));
        _mm256_storeu_ps(floats + i, _mm256_cvtph_ps(eight));
    }
#endif
    for (; i < count; ++i) floats[i] = widened(halves[i]);
}

double dot_float(const float* a, const float* b, std::size_t count) {
    double sums[kLanes] = {};
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes)
        for (std::size_t lane = 0; lane < kLanes; ++lane)
            sums[lane] += static_cast<double>(a[i + lane]) * static_cast<double>(b[i + lane]);
    for (std::size_t lane = 0; i < count; ++i, ++lane)
        sums[lane] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return total_of(sums);
}

double dot_and_square(const float* a, const float* b, std::size_t count, double* square) {
    double sums[kLanes] = {}, squares[kLanes] = {};
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
        // two loops, since compilers make vectors of each but not of both in one
        for (std::size_t lane = 0; lane < kLanes; ++lane)
            sums[lane] += static_cast<double>(a[i + lane]) * static_cast<double>(b[i + lane]);
        for (std::size_t lane = 0; lane < kLanes; ++lane)
            squares[lane] += static_cast<double>(b[i + lane]) * static_cast<double>(b[i + lane]);
    }
    for (std::size_t lane = 0; i < count; ++i, ++lane) {
        sums[lane] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
        squares[lane] += static_cast<double>(b[i]) * static_cast<double>(b[i]);
    }
    *square = total_of(squares);
    return total_of(sums);
}

double distance_float(const float* a, const float* b, std::size_t count) {
    double sums[kLanes] = {};
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            const double difference = static_cast<double>(a[i + lane]) - static_cast<double>(b[i + lane]);
            sums[lane] += difference * difference;
        }
    }
    for (std::size_t lane = 0; i < count; ++i, ++lane) {
        const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
        sums[lane] += difference * difference;
    }
    return total_of(sums);
}

}  // namespace
}  // namespace rocchio::kernels
