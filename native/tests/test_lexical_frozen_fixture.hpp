#pragma once
// Frozen columns in memory: of a test segment, in a file that can be changed before it is opened.

#include "lexical/frozen.hpp"
#include "tests/test_lexical_fixture.hpp"

namespace rocchio::testing {

/// One segment with everything that searching it takes, and its frozen columns.
class FrozenSegment {
  public:
    FrozenSegment(const std::vector<Document>& documents, std::uint32_t terms, Scoring scoring)
        : terms_(terms), scoring_(scoring), documents_(documents.size()), file_(documents, 2, terms) {
        segment = file_.open();
        for (std::uint32_t f = 0; f < 2; ++f) {
            for (const std::uint32_t length : segment->lengths(f)) totals_[f] += length;
        }
        columns_ = searcher({}).freeze(0, 0, ~std::size_t{0});
    }

    std::size_t frozen_terms() const { return columns_.terms.size(); }

    /// The file, which can be changed.
    MemoryFile file() const {
        std::vector<std::size_t> order(columns_.terms.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        std::ranges::sort(order, {}, [&](std::size_t i) { return columns_.terms[i]; });
        std::vector<std::uint32_t> terms;
        std::vector<std::uint64_t> begins;
        for (const std::size_t i : order) {
            terms.push_back(columns_.terms[i]);
            begins.push_back(columns_.begins[i]);
        }
        MemoryFile out;
        out.put("made_for", searcher({}).column_identity(0));
        out.put("terms", terms);
        out.put("begins", begins);
        out.put("columns", columns_.bytes);
        return out;
    }

    /// Opens a file, which must outlive what is returned.
    static std::shared_ptr<const FrozenColumns> open(MemoryFile& file) {
        file.seal();
        return std::make_shared<const FrozenColumns>(
            FrozenArrays{file.array<double>("made_for"), file.array<std::uint32_t>("terms"),
                         file.array<std::uint64_t>("begins"), file.array<std::uint8_t>("columns")});
    }

    Searcher searcher(std::shared_ptr<const FrozenColumns> columns) const {
        return {{segment}, scoring_, {1.5, 1.0}, documents_, totals_, std::size_t{1} << 30, {columns}};
    }

    /// The best of each term, of pairs of terms and of all of them, by a kernel.
    std::vector<Scored> answers(const Searcher& searcher, Kernel kernel) const {
        std::vector<std::string> strings;
        for (std::uint32_t term = 0; term < terms_; ++term) strings.push_back(term_string(term));
        const std::vector<std::string_view> distinct(strings.begin(), strings.end());
        std::vector<std::uint64_t> offsets{0};
        std::vector<std::uint32_t> terms;
        const auto end_query = [&] { offsets.push_back(terms.size()); };
        for (std::uint32_t term = 0; term + 1 < terms_; ++term) {
            terms.push_back(term);
            end_query();
            terms.insert(terms.end(), {term, term + 1});
            end_query();
        }
        for (std::uint32_t term = 0; term < terms_; ++term) terms.push_back(term);
        end_query();
        const std::vector<double> weights(terms.size(), 1.25);
        return searcher.search(distinct, {offsets, terms, weights}, 9, {}, kernel).hits;
    }

    std::shared_ptr<const Segment> segment;

  private:
    std::uint32_t terms_;
    Scoring scoring_;
    std::size_t documents_;
    std::vector<std::uint64_t> totals_{0, 0};
    TestSegment file_;
    EncodedColumns columns_;
};

}  // namespace rocchio::testing
