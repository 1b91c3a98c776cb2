// The fast kernels. Rows are processed in windows whose accumulators stay in cache; each posting adds a value
// read from a table (length_classes.hpp); a window is then scanned for rows that could still reach the top k.
//
// With float upper bounds, those rows are candidates that are scored exactly at the end: best for small k.
// With the exact values in double, which the table holds when every length has a class of its own, there is
// nothing left to score: best for large k.

#include <algorithm>
#include <array>
#include <cmath>

#include "lexical/searcher.hpp"

namespace rocchio::lexical {
namespace {

constexpr std::size_t kWindowRows = 16384;  // best of 4 Ki to 64 Ki rows by measurement
constexpr std::size_t kScanStep = 32;

struct Cursor {
    PostingList list;
    const SegmentTerm* term = nullptr;
    std::size_t next = 0;

    /// Position of the first posting at or after `row`; gallops from the current position.
    std::size_t seek(std::uint64_t row) const {
        const auto& rows = list.rows;
        std::size_t low = next;
        std::size_t step = 1;
        while (low + step < rows.size() && rows[low + step] < row) {
            low += step;
            step *= 2;
        }
        const auto end = rows.begin() + static_cast<std::ptrdiff_t>(std::min(low + step + 1, rows.size()));
        return static_cast<std::size_t>(
            std::lower_bound(rows.begin() + static_cast<std::ptrdiff_t>(low), end, row) - rows.begin());
    }
};

std::vector<Cursor> cursors_of(const SegmentQuery& query) {
    std::vector<Cursor> cursors;
    for (const SegmentTerm& term : query.terms) cursors.push_back({query.segment.postings(term.term), &term});
    return cursors;
}

/// Rows that may still belong to the top k, by a value that is at most 1 / tightness times their score.
class CandidateSet {
  public:
    struct Candidate {
        float value;
        std::uint32_t row;
    };

    /// `constant` is added to every score: sums that differ by less than its rounding tie.
    CandidateSet(std::size_t k, double tightness, float floor, double constant)
        : k_(k), tightness_(static_cast<float>(tightness)), constant_(static_cast<float>(constant)) {
        set_threshold(floor);
    }

    /// Values above this are candidates: just below the threshold, and 0 at first (0 means no match).
    float cut() const { return cut_; }

    void add(float value, std::uint32_t row) {
        items_.push_back({value, row});
        if (items_.size() >= limit_) raise_threshold();
    }

    std::vector<Candidate>& finish() {
        raise_threshold();
        return items_;
    }

  private:
    // k rows have values of at least the k-th best value v, so their scores are at least v * tightness; a row
    // whose value is below that cannot be among the top k.
    void raise_threshold() {
        if (items_.size() > k_) {
            const auto kth = items_.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
            std::nth_element(items_.begin(), kth, items_.end(),
                             [](const Candidate& a, const Candidate& b) { return a.value > b.value; });
            set_threshold(kth->value);
            std::erase_if(items_, [&](const Candidate& c) { return c.value < threshold_; });
        }
        limit_ = std::max(items_.size() + items_.size() / 2, k_ + std::max<std::size_t>(k_ / 2, 64));
    }

    // `reached` is the bound of the k-th best row, or a sum that k documents reach. Scores are float32
    // roundings of sum + constant: two units in the last place (2^-23 each) cover the ties that this makes.
    void set_threshold(float reached) {
        const float slack = 2.5e-7f * (reached + constant_);
        threshold_ = std::max(threshold_, reached * tightness_ - slack);
        cut_ = threshold_ > 0.0f ? std::nextafter(threshold_, 0.0f) : 0.0f;
    }

    std::size_t k_;
    float tightness_;
    float constant_;
    float threshold_ = 0.0f;
    float cut_ = 0.0f;
    std::size_t limit_ = 0;
    std::vector<Candidate> items_;
};

/// Whether any of kScanStep sums exceeds `cut`. Written as an integer OR, because compilers do not vectorise
/// a floating-point maximum.
bool any_above(const float* sums, float cut) {
    std::uint32_t any = 0;
    for (std::size_t i = 0; i < kScanStep; ++i) any |= sums[i] > cut ? 1u : 0u;
    return any != 0;
}

/// Adds the bounds of the postings [cursor.next, end) to the sums of a window.
void accumulate(const SegmentQuery& query, const LengthClasses& classes, const Cursor& cursor,
                std::size_t end, std::uint32_t base, float* sums) {
    const float* bounds = classes.bounds().data();
    const std::uint8_t* class_of_row = classes.class_of_row().data();
    const std::uint32_t* rows = cursor.list.rows.data();
    const std::uint32_t* codes = cursor.list.codes.data();
    const auto weight = static_cast<float>(cursor.term->weight);
    for (std::size_t i = cursor.next; i < end; ++i) {
        const std::uint32_t row = rows[i];
        const std::uint32_t code = codes[i];
        if (code >= LengthClasses::kBoundedCodes) [[unlikely]] {
            if (query.boosted_frequency(code) <= 0.0) continue;
            sums[row - base] += static_cast<float>(contribution(query, *cursor.term, code, row));
            continue;
        }
        sums[row - base] += weight * bounds[std::size_t{code} * 256 + class_of_row[row]];
    }
}

/// Walks all windows and adds every row that may still reach the top k and may be returned.
void collect_candidates(const SegmentQuery& query, const LengthClasses& classes, std::vector<Cursor>& cursors,
                        CandidateSet& candidates) {
    alignas(64) std::array<float, kWindowRows> sums{};
    for (std::uint64_t base = 0; base < query.segment.row_count(); base += kWindowRows) {
        bool touched = false;
        for (Cursor& cursor : cursors) {
            const std::size_t end = cursor.seek(base + kWindowRows);
            touched = touched || end > cursor.next;
            accumulate(query, classes, cursor, end, static_cast<std::uint32_t>(base), sums.data());
            cursor.next = end;
        }
        if (!touched) continue;
        for (std::size_t begin = 0; begin < kWindowRows; begin += kScanStep) {
            if (!any_above(sums.data() + begin, candidates.cut())) continue;
            for (std::size_t i = begin; i < begin + kScanStep; ++i) {
                const auto row = static_cast<std::uint32_t>(base + i);
                if (sums[i] > candidates.cut() && query.is_allowed(row)) candidates.add(sums[i], row);
            }
        }
        sums.fill(0.0f);
    }
}

/// Exact scores of the candidates, terms in query order, one gallop through each list.
void score_exactly(const SegmentQuery& query, std::vector<Cursor>& cursors,
                   std::vector<CandidateSet::Candidate>& candidates, std::uint32_t segment_index,
                   std::vector<Scored>& out) {
    std::ranges::sort(candidates, {}, &CandidateSet::Candidate::row);
    std::vector<double> sums(candidates.size(), 0.0);
    for (Cursor& cursor : cursors) {
        cursor.next = 0;
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const std::uint32_t row = candidates[i].row;
            cursor.next = cursor.seek(row);
            if (cursor.next == cursor.list.size()) break;
            if (cursor.list.rows[cursor.next] != row) continue;
            const std::uint32_t code = cursor.list.codes[cursor.next];
            if (query.boosted_frequency(code) > 0.0) sums[i] += contribution(query, *cursor.term, code, row);
        }
    }
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        out.push_back({static_cast<float>(sums[i] + query.constant), segment_index, candidates[i].row});
    }
}

// A floor in scores, lowered by more than its rounding, as a floor in sums without the constant.
float floor_of_sums(const SegmentQuery& query, float floor) {
    return static_cast<float>(std::max(0.0, static_cast<double>(floor) * (1.0 - 1e-6) - query.constant));
}

}  // namespace

void search_windowed(const SegmentQuery& query, const LengthClasses& classes, std::uint32_t segment_index,
                     float floor, std::vector<Scored>& out) {
    std::vector<Cursor> cursors = cursors_of(query);
    // Float sums of n positive numbers err by at most about n units in the last place (2^-24); doubled for
    // safety.
    const double rounding = 1.2e-7 * static_cast<double>(cursors.size() + 8);
    CandidateSet candidates(query.k, classes.tightness() * (1.0 - rounding), floor_of_sums(query, floor),
                            query.constant);
    collect_candidates(query, classes, cursors, candidates);
    score_exactly(query, cursors, candidates.finish(), segment_index, out);
}

}  // namespace rocchio::lexical
