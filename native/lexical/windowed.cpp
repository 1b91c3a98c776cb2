// The fast kernel. Rows are processed in windows whose float accumulators stay in cache. Each
// posting adds an upper bound read from a table (length_classes.hpp). A window is then scanned for rows whose
// bound could still reach the top k; these candidates are scored exactly at the end.

#include <algorithm>
#include <array>
#include <cmath>

#include "lexical/searcher.hpp"

namespace rocchio::lexical {
namespace {

constexpr std::size_t kWindowRows =
    16384;  // 64 KiB of accumulators: best of 4 Ki to 64 Ki rows by measurement
constexpr std::size_t kScanStep = 32;

struct Cursor {
    PostingList list;
    std::size_t next = 0;
    float weight = 0.0f;
    const SegmentTerm* term = nullptr;

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

struct Candidate {
    float bound;
    std::uint32_t row;
};

/// Keeps every row whose bound may still belong to the top k.
class CandidateSet {
  public:
    CandidateSet(std::size_t k, double tightness, float floor)
        : k_(k), tightness_(static_cast<float>(tightness)) {
        set_threshold(floor * tightness_);
    }

    /// Bounds above this are candidates: just below the threshold, and 0 at first (0 means no match).
    float cut() const { return cut_; }

    void add(float bound, std::uint32_t row) {
        items_.push_back({bound, row});
        if (items_.size() >= limit_) raise_threshold();
    }

    std::vector<Candidate>& finish() {
        raise_threshold();
        return items_;
    }

  private:
    // k rows have bounds of at least the k-th best bound b, so their exact scores are at least b * tightness;
    // a row whose bound is below that cannot be among the top k.
    void raise_threshold() {
        if (items_.size() > k_) {
            const auto kth = items_.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
            std::nth_element(items_.begin(), kth, items_.end(),
                             [](const Candidate& a, const Candidate& b) { return a.bound > b.bound; });
            set_threshold(std::max(threshold_, kth->bound * tightness_));
            std::erase_if(items_, [&](const Candidate& c) { return c.bound < threshold_; });
        }
        limit_ = std::max(items_.size() + items_.size() / 2, k_ + std::max<std::size_t>(k_ / 2, 64));
    }

    void set_threshold(float threshold) {
        threshold_ = threshold;
        cut_ = threshold > 0.0f ? std::nextafter(threshold, 0.0f) : 0.0f;
    }

    std::size_t k_;
    float tightness_;
    float threshold_ = 0.0f;
    float cut_ = 0.0f;
    std::size_t limit_ = 0;
    std::vector<Candidate> items_;
};

void accumulate(const SegmentQuery& query, const LengthClasses& classes, const Cursor& cursor,
                std::size_t end, std::uint32_t base, float* sums) {
    const float* bounds = classes.bounds().data();
    const std::uint8_t* class_of_row = classes.class_of_row().data();
    const std::uint32_t* rows = cursor.list.rows.data();
    const std::uint8_t* codes = cursor.list.codes.data();
    const float weight = cursor.weight;
    for (std::size_t i = cursor.next; i < end; ++i) {
        const std::uint32_t row = rows[i];
        const std::uint8_t code = codes[i];
        if (code == kEscapeCode) [[unlikely]] {
            const std::uint32_t full = query.segment.posting_code(cursor.list, i);
            sums[row - base] += static_cast<float>(contribution(query, *cursor.term, full, row));
            continue;
        }
        sums[row - base] += weight * bounds[std::size_t{code} * 256 + class_of_row[row]];
    }
}

/// Whether any of kScanStep sums exceeds `cut`. Written as an integer OR, because compilers do not vectorise
/// a float maximum.
bool any_above(const float* sums, float cut) {
    std::uint32_t any = 0;
    for (std::size_t i = 0; i < kScanStep; ++i) any |= sums[i] > cut ? 1u : 0u;
    return any != 0;
}

void collect(const SegmentQuery& query, std::uint32_t base, float* sums, CandidateSet& candidates) {
    for (std::size_t begin = 0; begin < kWindowRows; begin += kScanStep) {
        if (!any_above(sums + begin, candidates.cut())) continue;
        for (std::size_t i = begin; i < begin + kScanStep; ++i) {
            const auto row = static_cast<std::uint32_t>(base + i);
            if (sums[i] > candidates.cut() && query.is_allowed(row)) candidates.add(sums[i], row);
        }
    }
    std::fill_n(sums, kWindowRows, 0.0f);
}

/// Exact scores of the candidates, terms in query order, one gallop through each list.
void score_exactly(const SegmentQuery& query, std::vector<Cursor>& cursors,
                   std::vector<Candidate>& candidates, std::uint32_t segment_index,
                   std::vector<Scored>& out) {
    std::sort(candidates.begin(), candidates.end(),
              [](const Candidate& a, const Candidate& b) { return a.row < b.row; });
    std::vector<double> sums(candidates.size(), 0.0);
    for (Cursor& cursor : cursors) {
        cursor.next = 0;
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const std::uint32_t row = candidates[i].row;
            cursor.next = cursor.seek(row);
            if (cursor.next == cursor.list.size()) break;
            if (cursor.list.rows[cursor.next] != row) continue;
            const std::uint32_t code = query.segment.posting_code(cursor.list, cursor.next);
            if (query.boosted_frequency(code) > 0.0) sums[i] += contribution(query, *cursor.term, code, row);
        }
    }
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        out.push_back({static_cast<float>(sums[i] + query.constant), segment_index, candidates[i].row});
    }
}

}  // namespace

void search_windowed(const SegmentQuery& query, const LengthClasses& classes, std::uint32_t segment_index,
                     float floor, std::vector<Scored>& out) {
    std::vector<Cursor> cursors;
    for (const SegmentTerm& term : query.terms) {
        cursors.push_back({query.segment.postings(term.term), 0, static_cast<float>(term.weight), &term});
    }
    // Float sums of n positive numbers err by at most about n units in the last place (2^-24); doubled for
    // safety.
    const double rounding = 1.2e-7 * static_cast<double>(cursors.size() + 8);
    const double constant_free_floor =
        std::max(0.0, static_cast<double>(floor) * (1.0 - 1e-6) - query.constant);
    CandidateSet candidates(query.k, classes.tightness() * (1.0 - rounding),
                            static_cast<float>(constant_free_floor));
    alignas(64) std::array<float, kWindowRows> sums{};
    const std::uint32_t row_count = query.segment.row_count();
    for (std::uint64_t base = 0; base < row_count; base += kWindowRows) {
        bool touched = false;
        for (Cursor& cursor : cursors) {
            const std::size_t end = cursor.seek(base + kWindowRows);
            touched = touched || end > cursor.next;
            accumulate(query, classes, cursor, end, static_cast<std::uint32_t>(base), sums.data());
            cursor.next = end;
        }
        if (touched) collect(query, static_cast<std::uint32_t>(base), sums.data(), candidates);
    }
    score_exactly(query, cursors, candidates.finish(), segment_index, out);
}

}  // namespace rocchio::lexical
