// Every posting is added up in 16-bit integers: cheapest when few postings are asked for, or when k is so
// large that hardly a block could be skipped.

#include <algorithm>
#include <cmath>

#include "lexical/kernels.hpp"

namespace rocchio::lexical {
namespace {

constexpr std::size_t kWindowRows = Column::kWindowRows;

// Below this share of the rows, sums are visited where postings fell instead of all.
constexpr std::size_t kFewShare = 32;

void collect_few(const SegmentQuery& query, const FixedPoint& fixed, Workspace& work) {
    work.row_sums.resize(std::max(work.row_sums.size(), query.rows()));
    work.touched.clear();
    std::uint16_t* sums = work.row_sums.data();
    for (std::size_t t = 0; t < query.terms.size(); ++t) {
        for (const std::size_t number : work.windows) {
            const Column::Window window = query.terms[t].column->window(number);
            for (std::size_t i = 0; i < window.rows.size(); ++i) {
                const std::size_t row = number * kWindowRows + window.rows[i];
                if (sums[row] == 0) work.touched.push_back(static_cast<std::uint32_t>(row));
                sums[row] = static_cast<std::uint16_t>(
                    sums[row] + kernels::weighted(window.impacts[i], fixed.weights()[t]));
            }
        }
    }
    for (const std::uint32_t row : work.touched) {
        if (sums[row] > work.candidates.cut() && query.is_allowed(row)) work.candidates.add(row, sums[row]);
        sums[row] = 0;
    }
}

/// The sums of some windows of rows, which stay in the second-level cache.
class WindowSums {
  public:
    WindowSums(const SegmentQuery& query, const FixedPoint& fixed, Workspace& work)
        : query_(query), fixed_(fixed), work_(work) {
        work.sums.resize(kWindows * kWindowRows);
    }

    void add(std::span<const std::size_t> windows);
    std::uint16_t likely_cut() const;
    void collect_above(std::uint16_t cut);

    static constexpr std::size_t kWindows = 16;

  private:
    const SegmentQuery& query_;
    const FixedPoint& fixed_;
    Workspace& work_;
    const kernels::BlockKernels& kernels_ = kernels::block_kernels();
    std::span<const std::size_t> windows_;
};

void WindowSums::add(std::span<const std::size_t> windows) {
    windows_ = windows;
    std::uint16_t* sums = work_.sums.data();
    for (const std::size_t number : windows) {
        std::fill_n(sums, kWindowRows, std::uint16_t{0});
        for (std::size_t t = 0; t < query_.terms.size(); ++t) {
            const Column::Window window = query_.terms[t].column->window(number);
            kernels_.add_postings(sums, window.rows.data(), window.impacts, window.rows.size(),
                                  fixed_.weights()[t]);
        }
        sums += kWindowRows;
    }
}

/// A cut that k rows and some more are likely to exceed, judging by a sample: rows seldom have to be
/// collected again, and few are collected in vain.
std::uint16_t WindowSums::likely_cut() const {
    constexpr std::size_t kStep = 37;  // shares no factor with the rows of a window or a block
    const double expected = static_cast<double>(query_.k) / static_cast<double>(kStep);
    constexpr double kLeastExpected = 4.0;
    if (expected < kLeastExpected) return 0;
    const std::uint16_t cut = work_.candidates.cut();
    const double enough = expected + 2.0 * std::sqrt(expected);  // two standard deviations
    KthSum kth;
    kth.start(static_cast<std::size_t>(enough));
    for (std::size_t at = 0; at < windows_.size() * kWindowRows; at += kStep) {
        const std::size_t row = windows_[at / kWindowRows] * kWindowRows + at % kWindowRows;
        if (work_.sums[at] > cut && query_.is_allowed(static_cast<std::uint32_t>(row)))
            kth.add(work_.sums[at]);
    }
    const std::uint32_t likely = fixed_.threshold(kth.reached());
    return static_cast<std::uint16_t>(std::max(likely, 1u) - 1);
}

/// Makes candidates of the rows with sums above `cut`, or above the cut that is proven if that is higher.
void WindowSums::collect_above(std::uint16_t cut) {
    work_.found_above.resize(kWindowRows);
    const std::uint16_t* sums = work_.sums.data();
    for (const std::size_t number : windows_) {
        const std::size_t count = kernels_.find_above(work_.found_above.data(), sums, kWindowRows,
                                                      std::max(cut, work_.candidates.cut()));
        for (std::size_t i = 0; i < count; ++i) {
            const std::uint32_t at = work_.found_above[i];
            const auto row = static_cast<std::uint32_t>(number * kWindowRows + at);
            if (query_.is_allowed(row)) work_.candidates.add(row, sums[at]);
        }
        work_.candidates.raise_cut();
        sums += kWindowRows;
    }
}

void collect_all(const SegmentQuery& query, const FixedPoint& fixed, Workspace& work) {
    WindowSums sums(query, fixed, work);
    const std::span<const std::size_t> windows = work.windows;
    for (std::size_t first = 0; first < windows.size(); first += WindowSums::kWindows) {
        sums.add(windows.subspan(first, std::min(WindowSums::kWindows, windows.size() - first)));
        const std::uint16_t likely = first == 0 ? sums.likely_cut() : std::uint16_t{0};
        sums.collect_above(likely);
        if (work.candidates.cut() < likely) {  // it was too high: rows below it may be among the best k
            work.candidates.forget_segment();
            sums.collect_above(0);
        }
    }
}

}  // namespace

void collect_exhaustive(const SegmentQuery& query, const FixedPoint& fixed, Workspace& work) {
    const auto postings = static_cast<std::size_t>(work.size.postings);
    work.work.read(postings, Column::kWindowBytes);
    if (postings * kFewShare < query.rows()) {
        collect_few(query, fixed, work);
    } else {
        collect_all(query, fixed, work);
    }
}

}  // namespace rocchio::lexical
