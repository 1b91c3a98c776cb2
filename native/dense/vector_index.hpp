#pragma once
// Nearest rows of one segment: exactly, or through inverted lists of sign codes to a wanted recall.
//
// A search by lists: the lists with the nearest centroids are scanned by signs, the best rows of those are
// estimated again from their eight-bit codes, and what could be among the best k is scored from the original
// vectors. So scores are exact in any case, and only rows can be missed.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/checked_file.hpp"
#include "dense/candidates.hpp"
#include "dense/lists.hpp"
#include "dense/originals.hpp"
#include "dense/prepared_queries.hpp"
#include "dense/scalar_code.hpp"
#include "dense/stored_codes.hpp"
#include "dense/transform.hpp"

namespace rocchio::dense {

/// Codes of rows or of centroids; the addresses come from verified arrays and outlive what uses them.
struct CodeArrays {
    CheckedArray<std::uint8_t> codes;      // width for each row
    CheckedArray<RowConstants> constants;  // one for each row
};

/// Inverted lists and the codes of their centroids. Empty arrays: there are none.
struct ListArrays {
    CodeArrays centroids;
    CheckedArray<std::uint32_t> sizes;  // entries of each list
    CheckedArray<std::uint8_t> blocks;
};

/// Which arrays are in memory; the others are read, and verified, when some of them are needed.
struct InMemory {
    bool codes = true;
    bool lists = true;
};

/// What searches did.
struct Work {
    std::uint64_t lists = 0;      // lists that were scanned
    std::uint64_t entries = 0;    // sign codes in them
    std::uint64_t refined = 0;    // rows estimated from eight-bit codes
    std::uint64_t rescored = 0;   // rows scored from their original vectors
    std::uint64_t unsettled = 0;  // queries that lists did not settle, answered exactly
};

/// Queries, dim values each, and which rows they may find: bit r of `allowed`, or all.
struct VectorQueries {
    std::span<const float> values;
    std::size_t k;
    std::optional<std::span<const std::uint8_t>> allowed;
};

/// How much of the lists a search looks at.
struct Effort {
    std::size_t probes;  // lists, the nearest ones (dense/list_choice.hpp)
    std::size_t refine;  // rows that are looked at closely, at least
    /// Of allowed rows: while fewer were met, further lists are scanned.
    std::size_t least_entries;
    /// Where a mask leaves out many of the near rows: twice as many lists are scanned, and again, until that
    /// changes no more than this share of the best `refine` rows.
    float most_new = 1.0f;
    /// A query that is not settled within this many lists is answered exactly.
    std::size_t most_probes = std::numeric_limits<std::size_t>::max();
    /// Of the near rows, the share that a mask must leave for none of this to be needed.
    double least_share = 0.75;
};

/// Results by query, k each: best first, equal scores by row; -1 and minus infinity where there are fewer.
struct VectorResults {
    std::vector<std::int64_t> rows;
    std::vector<float> scores;
    Work work;
};

/// Results of a range search: query i has rows[offsets[i]] to rows[offsets[i + 1]], best first, equal scores
/// by row.
struct RangeResults {
    std::vector<std::uint64_t> offsets;
    std::vector<std::int64_t> rows;
    std::vector<float> scores;
    Work work;
};

class VectorIndex {
  public:
    /// Verifies all codes and lists that are in memory. Throws Corruption where they are damaged or
    /// contradict each other.
    VectorIndex(Transform transform, Originals originals, const CodeArrays& codes, const ListArrays& lists,
                InMemory in_memory = {});

    std::size_t rows() const { return constants_.size(); }
    std::size_t lists() const { return sizes_.size(); }
    std::size_t dim() const { return transform_.dim(); }

    /// Exactly the best rows. Bounds on the codes' errors show which rows need their original vectors.
    VectorResults exact(const VectorQueries& queries) const;

    /// Exactly the rows that score at least `least`, one number for each of `queries`, dim values each.
    RangeResults within(std::span<const float> queries, std::span<const float> least,
                        const std::optional<std::span<const std::uint8_t>>& allowed) const;

    /// The exact scores of rows: for query i, dim values of `queries`, rows[offsets[i]] to rows[offsets[i +
    /// 1]].
    std::vector<float> scores(std::span<const float> queries, std::span<const std::uint64_t> offsets,
                              std::span<const std::uint32_t> rows) const;

    /// The best rows of those that the lists show. There must be lists.
    VectorResults search(const VectorQueries& queries, const Effort& effort) const;

    /// Where wanted rows stand among the candidates of a list search, best first: [query][i][j] is the place
    /// of row wanted[query * k + j] after the nearest probes[i] lists, the largest number if it is not among
    /// the best `most`. A search of these lists that refines more rows than the place finds the row. Probes
    /// ascend; there must be lists, wanted rows are distinct, and k of them belong to each query.
    std::vector<std::uint32_t> places(const VectorQueries& queries, std::span<const std::uint32_t> wanted,
                                      std::span<const std::size_t> probes, std::size_t most) const;

    /// The same vectors with no rows but some, which ascend: exact searches compare these only, and if
    /// `listed`, they are in a single list of their own. What is shared is not copied. Throws
    /// invalid_argument for rows that are not there.
    VectorIndex restricted(std::vector<std::uint32_t> rows, bool listed) const;

    /// Bytes that a restricted index has of its own.
    std::size_t own_bytes() const;

    /// The rows of all lists, one after the other.
    std::vector<std::uint32_t> listed_rows() const;

  private:
    class ListSearch;
    class ListChoice;
    class ListReader;
    class CodeScan;
    class ExactSearch;
    /// What a restricted index does not share.
    struct Own {
        std::vector<std::uint32_t> rows;
        std::vector<std::uint8_t> centroid_codes;
        std::vector<RowConstants> centroid_constants;
        std::vector<std::uint32_t> sizes;
        std::vector<std::uint8_t> blocks;
    };
    void list(Own& own) const;
    template <typename Use>
    void for_tiles(std::span<const std::uint32_t> chosen, Use use) const;
    /// A list, and a query's product with its centroid.
    struct ScoredList {
        std::uint32_t list;
        float product;
    };
    void sum_up();
    void check_block(const std::uint8_t* block, std::size_t entries, std::size_t number) const;
    void answer_exactly(std::span<const std::size_t> chosen, const VectorQueries& queries,
                        VectorResults& results) const;
    const std::uint8_t* first_block_of(std::size_t list) const {
        return blocks_.data() + first_blocks_[list] * layout_.bytes;
    }

    Transform transform_;
    Originals originals_;
    BlockLayout layout_;
    CodeArrays checked_codes_;
    ListArrays checked_lists_;
    StoredCodes codes_;
    bool lists_in_memory_;
    std::span<const RowConstants> constants_;
    std::span<const std::uint8_t> centroid_codes_;
    std::span<const RowConstants> centroid_constants_;
    std::span<const std::uint32_t> sizes_;
    std::span<const std::uint8_t> blocks_;
    std::vector<std::uint64_t> first_blocks_;  // of each list, and the end
    float mean_error_ = 0.0f;                  // of the codes
    float mean_norm_ = 0.0f;                   // of rows
    float largest_norm_ = 0.0f;  // of what sums of products are made of: the root of the width times
                                 // the largest number of any decoded row
    float largest_addend_ = 0.0f;
    std::shared_ptr<const Own> own_;  // where only some rows count
};

}  // namespace rocchio::dense
