// What `verify` asks of a segment beyond what every reader checks: that all of it is sound, and that the
// postings and the forward index say the same.

#include "lexical/forward_codec.hpp"
#include "lexical/segment.hpp"

namespace rocchio::lexical {
namespace {

/// Mixes a posting into a word (the finaliser of SplitMix64: Steele, Lea, Flood, OOPSLA 2014). The sum of a
/// row's words tells whether it has the same postings here and there, in whatever order they come.
std::uint64_t fingerprint(std::uint32_t term, std::uint32_t code) {
    std::uint64_t z = Coded::join(term, code) + 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

}  // namespace

void Segment::check_terms() const {
    for (std::uint32_t id = 1; id < term_count(); ++id) {
        if (term(id - 1) >= term(id)) arrays_.posting_counts.fail("terms are not in order");
    }
    if (arrays_.posting_counts.at(0) != 0 || arrays_.posting_offsets.at(0) != 0 ||
        arrays_.forward_offsets.at(0) != 0) {
        arrays_.posting_counts.fail("a sequence of offsets does not begin at 0");
    }
}

void Segment::check_ranks() const {
    for (std::uint32_t rank = 0; rank < term_count(); ++rank) {
        const std::uint32_t term = term_order_.at(rank);
        if (term >= term_count()) term_order_.fail(rank, "a term is out of range");
        if (rank == 0) continue;
        const std::uint32_t before = term_order_.at(rank - 1);
        const std::uint64_t more = posting_count(before);
        const std::uint64_t fewer = posting_count(term);
        if (more < fewer || (more == fewer && before >= term)) {
            term_order_.fail(rank, "terms are not in the order of their document frequencies");
        }
    }
}

// By row: the sum of the fingerprints of its postings, as the posting lists have them.
std::vector<std::uint64_t> Segment::row_fingerprints() const {
    std::vector<std::uint64_t> sums(row_count(), 0);
    for (std::uint32_t id = 0; id < term_count(); ++id) {
        const PostingList list = postings(id);
        for (std::size_t i = 0; i < list.size(); ++i) sums[list.rows[i]] += fingerprint(id, list.codes[i]);
    }
    return sums;
}

void Segment::validate() const {
    check_terms();
    check_ranks();
    const std::vector<std::uint64_t> expected = row_fingerprints();
    std::vector<std::vector<std::uint32_t>> stored_lengths;
    for (std::uint32_t f = 0; f < field_count(); ++f) stored_lengths.push_back(lengths(f));
    std::vector<std::uint64_t> coded;
    std::vector<std::uint64_t> totals(field_count());
    for (std::uint32_t row = 0; row < row_count(); ++row) {
        forward_by_rank(row, coded);
        std::uint64_t found = 0;
        std::fill(totals.begin(), totals.end(), 0);
        for (const std::uint64_t item : coded) {
            found += fingerprint(Coded::number(item), Coded::code(item));
            const auto tuple = frequencies(Coded::code(item));
            for (std::size_t f = 0; f < totals.size(); ++f) totals[f] += tuple[f];
        }
        if (found != expected[row]) {
            arrays_.forward_rows.fail(arrays_.forward_offsets.at(row),
                                      "the forward index and the postings differ");
        }
        for (std::uint32_t f = 0; f < field_count(); ++f) {
            if (totals[f] != stored_lengths[f][row])
                lengths_[f].fail(row, "a length is not the sum of its frequencies");
        }
        doc_id(row);
    }
}

}  // namespace rocchio::lexical
