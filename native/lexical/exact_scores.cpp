// The exact scores of candidates. Where a term's postings among them are found depends on what is less work:
// looking each candidate up, or going over all postings of the term.

#include <algorithm>
#include <utility>

#include "lexical/kernels.hpp"

namespace rocchio::lexical {
namespace {

constexpr std::size_t kLookUp = 6;    // postings gone over in the time of looking one candidate up
constexpr std::size_t kMarked = 256;  // candidates from which on it pays to mark them

/// Candidates that have a term, and where: `work.present` and `work.places`, side by side.
class CandidateTerms {
  public:
    CandidateTerms(const SegmentQuery& query, Workspace& work) : query_(query), work_(work) {
        work.places.resize(work.rows.size() + 1);  // one more is written than counts
        work.present.resize(work.rows.size() + 1);
    }
    ~CandidateTerms() {
        if (!marked_) return;
        for (const std::uint32_t row : work_.rows) work_.candidate_bits[row / 8] = 0;
    }
    CandidateTerms(const CandidateTerms&) = delete;
    CandidateTerms& operator=(const CandidateTerms&) = delete;

    /// How many candidates have the term.
    std::size_t gather(const Column& column) {
        const std::size_t rows = work_.rows.size();
        return rows >= kMarked && column.size() < kLookUp * rows ? go_over(column) : look_up(column);
    }

  private:
    void mark_candidates();
    std::size_t go_over(const Column& column);
    std::size_t look_up(const Column& column);

    const SegmentQuery& query_;
    Workspace& work_;
    bool marked_ = false;
};

void CandidateTerms::mark_candidates() {
    if (std::exchange(marked_, true)) return;
    work_.candidate_bits.resize(std::max(work_.candidate_bits.size(), bitmap_bytes(query_.rows())));
    work_.candidate_slots.resize(std::max(work_.candidate_slots.size(), query_.rows()));
    for (std::uint32_t i = 0; i < work_.rows.size(); ++i) {
        const std::uint32_t row = work_.rows[i];
        std::uint8_t& bits = work_.candidate_bits[row / 8];
        bits = static_cast<std::uint8_t>(bits | 1u << row % 8);
        work_.candidate_slots[row] = i;
    }
}

// In both, what is present is gathered without a branch, which would be mispredicted.

std::size_t CandidateTerms::go_over(const Column& column) {
    mark_candidates();
    work_.work.read(column.size(), Column::kWindowBytes);
    std::size_t count = 0;
    std::uint32_t place = 0;
    for (std::size_t first = 0; first < query_.rows(); first += Column::kWindowRows) {
        for (const std::uint16_t row : column.window(first / Column::kWindowRows).rows) {
            work_.present[count] = static_cast<std::uint32_t>(first + row);
            work_.places[count] = place++;
            count += bit_is_set(work_.candidate_bits, first + row) ? 1 : 0;
        }
    }
    for (std::size_t j = 0; j < count; ++j) work_.present[j] = work_.candidate_slots[work_.present[j]];
    return count;
}

std::size_t CandidateTerms::look_up(const Column& column) {
    work_.work.read(work_.rows.size(), Column::kFindBytes);
    column.find(kernels::block_kernels(), work_.rows, work_.places.data());
    std::size_t count = 0;
    for (std::uint32_t i = 0; i < work_.rows.size(); ++i) {
        const std::uint32_t place = work_.places[i];
        work_.present[count] = i;
        work_.places[count] = place;
        count += place != kernels::kNowhere ? 1 : 0;
    }
    return count;
}

}  // namespace

void score_exactly(const SegmentQuery& query, Workspace& work) {
    work.exact.assign(work.rows.size(), 0.0);
    work.norms.resize(work.rows.size());
    for (std::size_t i = 0; i < work.rows.size(); ++i) {
        work.norms[i] = query.scoring.norm_by_row[work.rows[i]];
    }
    CandidateTerms candidates(query, work);
    for (const QueryTerm& term : query.terms) {
        const std::size_t count = candidates.gather(*term.column);
        for (std::size_t j = 0; j < count; ++j) {
            const std::uint32_t i = work.present[j];
            work.exact[i] += query.contribution(term, term.column->code(work.places[j]), work.norms[i]);
        }
    }
}

}  // namespace rocchio::lexical
