// Every posting is added up in 16-bit integers: cheapest when few postings are asked for, or when k is so
// large that hardly a block could be skipped.

#include <algorithm>

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

void scan_window(const SegmentQuery& query, std::size_t first_row, Workspace& work) {
    work.found_above.resize(kWindowRows);
    const std::size_t count = kernels::block_kernels().find_above(work.found_above.data(), work.sums.data(),
                                                                  kWindowRows, work.candidates.cut());
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t at = work.found_above[i];
        const auto row = static_cast<std::uint32_t>(first_row + at);
        if (query.is_allowed(row)) work.candidates.add(row, work.sums[at]);
    }
    work.candidates.raise_cut();
}

void collect_all(const SegmentQuery& query, const FixedPoint& fixed, Workspace& work) {
    work.sums.resize(kWindowRows);
    const kernels::BlockKernels& kernels = kernels::block_kernels();
    for (const std::size_t number : work.windows) {
        std::ranges::fill(work.sums, std::uint16_t{0});
        for (std::size_t t = 0; t < query.terms.size(); ++t) {
            const Column::Window window = query.terms[t].column->window(number);
            kernels.add_postings(work.sums.data(), window.rows.data(), window.impacts, window.rows.size(),
                                 fixed.weights()[t]);
        }
        scan_window(query, number * kWindowRows, work);
    }
}

}  // namespace

std::size_t find_windows(const SegmentQuery& query, Workspace& work) {
    work.windows.clear();
    std::size_t postings = 0;
    for (std::size_t first = 0; first < query.rows(); first += kWindowRows) {
        if (!query.any_allowed(first, kWindowRows)) continue;
        work.windows.push_back(first / kWindowRows);
        for (const QueryTerm& term : query.terms)
            postings += term.column->window(first / kWindowRows).rows.size();
    }
    return postings;
}

void collect_exhaustive(const SegmentQuery& query, const FixedPoint& fixed, Workspace& work) {
    const std::size_t postings = find_windows(query, work);
    work.work.read(postings, Column::kWindowBytes);
    if (postings * kFewShare < query.rows()) {
        collect_few(query, fixed, work);
    } else {
        collect_all(query, fixed, work);
    }
}

}  // namespace rocchio::lexical
