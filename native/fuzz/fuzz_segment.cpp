// A segment whose arrays were changed as the input says, with checksums that fit: every use throws Corruption
// or returns. The input is a list of edits: array, kind, place, value; its first byte chooses the segment.

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <stdexcept>

#include "fuzz/input.hpp"
#include "tests/test_lexical_fixture.hpp"

namespace {

using namespace rocchio;
using namespace rocchio::testing;
using rocchio::fuzz::Input;

constexpr std::uint32_t kTerms = 30;

void edit(Input& input, TestSegment& segment) {
    const auto names = segment.file.names();
    auto& bytes = segment.file.bytes_of(names[input.take(1) % names.size()]);
    const std::uint64_t kind = input.take(1) % 6;
    if (kind == 4) {
        bytes.resize(std::min<std::size_t>(bytes.size() + 64, input.take(2)));
        return;
    }
    if (bytes.empty()) return;
    const std::size_t place = input.take(2) % bytes.size();
    const auto put = [&](std::size_t width) {
        const std::uint64_t value = input.take(width);
        const std::size_t at = place / width * width;
        for (std::size_t i = 0; i < width && at + i < bytes.size(); ++i) {
            bytes[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
        }
    };
    switch (kind) {
        case 0:
            bytes[place] ^= static_cast<std::uint8_t>(1u << (input.take(1) % 8));
            break;
        case 1:
            put(1);
            break;
        case 2:
            put(4);
            break;
        case 3:
            put(8);
            break;
        default:
            std::swap(bytes[place], bytes[input.take(2) % bytes.size()]);
    }
}

template <typename Call>
void attempt(Call&& call) {
    try {
        call();
    } catch (const Corruption&) {
    } catch (const std::out_of_range&) {  // a row that is not there
    }
}

void use_feedback(const Searcher& searcher, std::uint32_t rows) {
    const std::uint32_t used = std::min<std::uint32_t>(rows, 400);
    std::vector<std::uint32_t> all(used);
    std::iota(all.begin(), all.end(), 0u);
    const std::vector<std::uint32_t> segments(used, 1);
    const std::vector<std::uint64_t> offsets{0, used / 2, used};
    for (const std::uint32_t most : {0u, 4u}) {
        attempt([&] {
            searcher.feedback_terms({offsets, segments, all},
                                    {.least_characters = 1, .most_per_document = most});
        });
    }
    attempt([&] { searcher.collection_frequency(term_string(3)); });
}

void use(const std::shared_ptr<const Segment>& segment, std::uint32_t fields) {
    std::vector<std::uint32_t> codes;
    for (std::uint32_t id = 0; id < segment->term_count() && id < 200; ++id) {
        attempt([&] { segment->postings(id); });
        attempt([&] { segment->live_document_frequency(id); });
        for (std::uint32_t row = 0; row < 400; row += 7) attempt([&] { segment->find_code(id, row); });
    }
    for (std::uint32_t row = 0; row < segment->row_count() && row < 400; ++row) {
        attempt([&] { segment->forward(row, codes); });
        attempt([&] { segment->find_document(segment->doc_id(row)); });
    }
    attempt([&] { segment->validate(); });
    std::vector<std::string> strings;
    std::vector<std::string_view> distinct;
    std::vector<std::uint32_t> terms;
    for (std::uint32_t term = 0; term < kTerms; ++term) strings.push_back(term_string(term));
    for (std::uint32_t term = 0; term < kTerms; ++term) {
        distinct.push_back(strings[term]);
        terms.push_back(term);
    }
    const std::vector<std::uint64_t> offsets{0, 5, 30};
    const std::vector<double> weights(kTerms, 1.0);
    const Searcher searcher({segment, segment}, {}, std::vector<double>(fields, 1.5), 200,
                            std::vector<std::uint64_t>(fields, 900));
    for (const Kernel kernel : {Kernel::pruned, Kernel::exhaustive, Kernel::reference}) {
        attempt([&] { searcher.search(distinct, {offsets, terms, weights}, 7, {}, kernel); });
    }
    use_feedback(searcher, segment->row_count());
    attempt([&] {
        const Merger merger({segment, segment});
        attempt([&] { merger.postings(0, merger.term_count()); });
        attempt([&] { merger.forward(0, merger.row_count()); });
        for (std::uint32_t f = 0; f < fields; ++f) attempt([&] { merger.lengths(f); });
    });
}

const std::vector<Document>& documents_of(bool with_rare_codes) {
    static std::mt19937 random(42);
    static const auto plain = random_documents(random, 50, 2, kTerms, 0);
    static const auto wild = random_documents(random, 300, 2, kTerms, 270);
    return with_rare_codes ? wild : plain;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input{data, size};
    const std::uint64_t kind = input.take(1);
    TestSegment segment(documents_of(kind % 4 == 0), 2, kTerms);
    if (kind % 7 == 0) segment.rows = static_cast<std::uint32_t>(input.take(4));
    for (int edits = 0; edits < 16 && input.left > 0; ++edits) edit(input, segment);
    attempt([&] { use(segment.open(), 2); });
    return 0;
}
