#pragma once
// The inner loops of vector search, once for each level of instruction set. A level gives the same results as
// every other to the last bit: sums of products are integers, or doubles that are added in one fixed order.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rocchio::kernels {

/// Codes of a vector take a multiple of this many bytes, one for each dimension.
inline constexpr std::size_t kCodeAlignment = 64;

/// Rows of one block of sign codes.
inline constexpr std::size_t kSignRows = 32;

/// Rows whose bounds are computed at a time.
inline constexpr std::size_t kBoundRows = 64;

/// Dimensions whose signs share a table: four bits choose one of sixteen sums.
inline constexpr std::size_t kSignGroup = 4;

/// Largest entry of a table of sums, so that four of them fit a byte, and a thousand 16 bits.
inline constexpr std::uint8_t kMaxTableEntry = 60;

/// From sums of table entries to estimates: base + factor * (sum * slope + offset), in this order, in
/// float32.
struct SignEstimate {
    float base;
    float slope;
    float offset;
    float threshold;
};

/// What a row's code means: it is about scale * code + low. `half_square` is half its squared length, `error`
/// at least |row - decoded row|; of a list's centroid it is the list's radius instead.
struct RowConstants {
    float scale;
    float low;
    float half_square;
    float error;
};

/// How `bound_rows` ranks rows for a query that is about scale * code, whose items add up to `sum`.
struct RowRanking {
    float scale;
    float sum;
    float half_squares;  // how often a row's half_square counts: -1 for distances, 0 for products
    float norm;          // of the query: bounds count the row's error as often
    float error;         // of the query: bounds count the row's length as often
    float slack;
};

/// How `rank_lists` ranks lists for a query that is about scale * code, whose items add up to `sum`.
struct ListRanking {
    float scale;
    float sum;
    float half_squares;  // how often a row's half_square counts: -1 for distances, 0 for products
    float square;        // of the query's length
    float spread;  // a list's best rows differ from its centroid by as much of its radius, towards the query
};

/// Functions of one level. No pointer may be null; inputs may not overlap outputs.
struct VectorKernels {
    const char* name;

    /// sums[r] = sum over j < width of codes[r * width + j] * query[j], for r < rows. `width` is a multiple
    /// of kCodeAlignment and at most 65536.
    void (*dot_rows)(const std::uint8_t* codes, std::size_t width, std::size_t rows, const std::int8_t* query,
                     std::int32_t* sums);

    /// The same for chosen rows: sums[i] is of row chosen[i], for i < count. Some that follow, of `known`
    /// rows in all, are asked for from memory.
    void (*dot_chosen)(const std::uint8_t* codes, std::size_t width, const std::uint32_t* chosen,
                       std::size_t count, std::size_t known, const std::int8_t* query, std::int32_t* sums);

    /// The same for several queries, queries[q * width + j]: sums[q * stride + r]. Codes of few rows at a
    /// time stay in the first cache.
    void (*dot_tile)(const std::uint8_t* codes, std::size_t width, std::size_t rows,
                     const std::int8_t* queries, std::size_t query_count, std::int32_t* sums,
                     std::size_t stride);

    /// Estimates of the rows of one block from their signs. Bit r of the result: estimates[r] >= threshold.
    /// `signs` holds groups * 16 bytes (`pack_signs`), `tables` 16 entries a group, at most kMaxTableEntry
    /// each. `groups` is a multiple of 16. `addends` (kSignRows) are added last, and may be null.
    /// `next` are signs that will be scanned soon: they are asked for from memory meanwhile.
    std::uint32_t (*scan_signs)(const std::uint8_t* signs, std::size_t groups, const std::uint8_t* tables,
                                const float* factors, const float* addends, const SignEstimate& estimate,
                                const std::uint8_t* next, float* estimates);

    /// Upper bounds of rows' ranking values, uppers[r] = scale * (row.scale * dots[r] + row.low * sum) +
    /// half_squares * row.half_square + norm * row.error + error * length(row) + slack, where the length is
    /// that of the decoded row at most. Bit r of the result: uppers[r] >= threshold. `count` is at most
    /// kBoundRows.
    std::uint64_t (*bound_rows)(const std::int32_t* dots, const RowConstants* rows, std::size_t count,
                                const RowRanking& ranking, float threshold, float* uppers);

    /// How near lists are, from sums of products with their centroids: with near = scale * (centroid.scale *
    /// dots[l] + centroid.low * sum) + half_squares * half_square, nearness[l] = near + half_squares *
    /// radius^2 / 2 + spread * radius * sqrt(square + 2 * half_squares * near).
    void (*rank_lists)(const std::int32_t* dots, const RowConstants* centroids, std::size_t count,
                       const ListRanking& ranking, float* nearness);

    /// Bit i: values[i] >= threshold. `count` is at most kBoundRows.
    std::uint64_t (*reaching)(const float* values, std::size_t count, float threshold);

    /// Walsh-Hadamard transform in place, not normalised. `count` is a power of two.
    void (*hadamard)(float* values, std::size_t count);

    /// Sum of products in double precision, in sixteen interleaved sums.
    double (*dot_float)(const float* a, const float* b, std::size_t count);

    /// The same, and the sum of squares of b likewise.
    double (*dot_and_square)(const float* a, const float* b, std::size_t count, double* square);

    /// Sum of squared differences in double precision, in sixteen interleaved sums.
    double (*distance_float)(const float* a, const float* b, std::size_t count);

    /// float16 to float32, exactly.
    void (*widen)(const std::uint16_t* halves, std::size_t count, float* floats);
};

/// The fastest level of this processor; ROCCHIO_CPU_LEVEL (portable, avx2, avx512) chooses a lower one.
const VectorKernels& vector_kernels();

/// Every level that this processor can run, portable first.
std::vector<const VectorKernels*> available_vector_kernels();

}  // namespace rocchio::kernels
