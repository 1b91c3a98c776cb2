// Documents, parameters and a query from the input: the fast kernel returns what the plain one returns.

#include <cstdint>
#include <cstdlib>
#include <iterator>

#include "tests/test_lexical_fixture.hpp"

namespace {

using namespace rocchio;
using namespace rocchio::testing;

constexpr std::uint32_t kTerms = 16;
constexpr Variant kVariants[] = {Variant::robertson, Variant::lucene,   Variant::atire,
                                 Variant::bm25l,     Variant::bm25plus, Variant::anserini};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 8) return 0;
    const Scoring scoring{kVariants[data[0] % std::size(kVariants)], 0.1 + data[1] / 64.0, data[2] / 255.0,
                          0.5, 1.0};
    const std::size_t k = 1 + data[3] % 20;
    const std::vector<double> field_weights{data[4] % 4 == 0 ? 0.0 : 1.0 + data[4] / 32.0,
                                            1.0 + data[5] / 32.0};
    const std::size_t query_size = std::min<std::size_t>(data[6] % 12, (size - 8) / 2);
    std::vector<std::uint32_t> terms;
    std::vector<double> weights;
    const std::uint8_t* at = data + 8;
    for (std::size_t i = 0; i < query_size; ++i, at += 2) {
        terms.push_back(at[0] % kTerms);
        weights.push_back(at[1] / 16.0 - (data[7] % 2 ? 4.0 : 0.0));
    }
    std::vector<Document> documents{{"d0", {{}, {}}}};
    for (; at < data + size; ++at) {  // 0xF0 and up begin a new document
        if (*at >= 0xF0) {
            documents.push_back({"d" + std::to_string(documents.size()), {{}, {}}});
        } else {
            documents.back().fields[*at >> 4 & 1].insert(documents.back().fields[*at >> 4 & 1].end(),
                                                         1 + (*at >> 5), *at % kTerms);
        }
    }
    std::vector<std::uint64_t> totals(2, 0);
    for (const Document& document : documents) {
        for (std::size_t f = 0; f < 2; ++f) totals[f] += document.fields[f].size();
    }
    TestSegment file(documents, 2, kTerms);
    const auto segment = file.open();
    segment->validate();
    const Searcher searcher({segment}, scoring, field_weights, documents.size(), totals);
    std::vector<std::string> strings;
    for (std::uint32_t term = 0; term < kTerms; ++term) strings.push_back(term_string(term));
    const std::vector<std::string_view> distinct(strings.begin(), strings.end());
    const std::vector<std::uint64_t> offsets{0, terms.size()};
    const QueryBatch batch{offsets, terms, weights};
    const auto plain = searcher.search(distinct, batch, k, {}, Kernel::reference);
    for (const Kernel kernel : {Kernel::automatic, Kernel::pruned, Kernel::exhaustive}) {
        const auto fast = searcher.search(distinct, batch, k, {}, kernel);
        if (plain.offsets != fast.offsets) std::abort();
        for (std::size_t i = 0; i < plain.hits.size(); ++i) {
            if (plain.hits[i].row != fast.hits[i].row || plain.hits[i].score != fast.hits[i].score)
                std::abort();
        }
    }
    return 0;
}
