// A merged segment must equal one that is built anew from the live documents, array by array.

#include "tests/test_lexical_fixture.hpp"

using namespace rocchio;
using namespace rocchio::testing;

namespace {

/// Everything the merger puts out, asked for in ranges of `step`, as the arrays of a built segment.
BuiltSegment collect(const Merger& merger, std::uint32_t field_count, std::size_t step) {
    BuiltSegment built;
    built.term_bytes = merger.term_bytes();
    built.term_offsets = merger.term_offsets();
    built.posting_offsets = merger.posting_offsets();
    built.forward_offsets = merger.forward_offsets();
    built.frequency_tuples = merger.frequency_tuples();
    const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    const auto append_codes = [&](EncodedCodes& to, const EncodedCodes& from) {
        append(to.codes, from.codes);
        append(to.escape_positions, from.escape_positions);
        append(to.escape_codes, from.escape_codes);
    };
    for (std::size_t first = 0; first < merger.term_count(); first += step) {
        const std::size_t last = std::min(first + step, merger.term_count());
        append(built.posting_rows, merger.posting_rows(first, last));
        append_codes(built.posting_codes, merger.posting_codes(first, last));
    }
    for (std::uint32_t first = 0; first < merger.row_count(); first += static_cast<std::uint32_t>(step)) {
        const auto last = std::min(first + static_cast<std::uint32_t>(step), merger.row_count());
        append(built.forward_terms, merger.forward_terms(first, last));
        append_codes(built.forward_codes, merger.forward_codes(first, last));
    }
    for (std::uint32_t f = 0; f < field_count; ++f) append(built.lengths, merger.lengths(f));
    return built;
}

bool same(const EncodedCodes& a, const EncodedCodes& b) {
    return a.codes == b.codes && a.escape_positions == b.escape_positions && a.escape_codes == b.escape_codes;
}

void check_same(const BuiltSegment& a, const BuiltSegment& b) {
    CHECK(a.term_bytes == b.term_bytes);
    CHECK(a.term_offsets == b.term_offsets);
    CHECK(a.posting_offsets == b.posting_offsets);
    CHECK(a.posting_rows == b.posting_rows);
    CHECK(same(a.posting_codes, b.posting_codes));
    CHECK(a.forward_offsets == b.forward_offsets);
    CHECK(a.forward_terms == b.forward_terms);
    CHECK(same(a.forward_codes, b.forward_codes));
    CHECK(a.frequency_tuples == b.frequency_tuples);
    CHECK(a.lengths == b.lengths);
}

void test_merged_equals_rebuilt(std::uint32_t seed, std::vector<std::size_t> sizes, std::size_t field_count,
                                std::size_t wild, std::uint32_t deleted_in_ten) {
    std::mt19937 random(seed);
    const std::uint32_t terms = 50;
    std::vector<std::unique_ptr<TestSegment>> files;
    std::vector<std::shared_ptr<const Segment>> segments;
    std::vector<Document> left;
    for (const std::size_t size : sizes) {
        const auto documents = random_documents(random, size, field_count, terms, wild);
        auto& file = *files.emplace_back(std::make_unique<TestSegment>(documents, field_count, terms));
        auto segment = file.open();
        std::vector<std::uint32_t> deleted;
        for (std::uint32_t row = 0; row < size; ++row) {
            if (random() % 10 < deleted_in_ten) {
                deleted.push_back(row);
            } else {
                left.push_back(documents[row]);
            }
        }
        if (!deleted.empty()) segment = file.open(tombstones_of(documents, *segment, deleted));
        segment->validate();
        segments.push_back(segment);
    }
    const Merger merger(segments);
    CHECK(merger.row_count() == left.size());
    const auto rebuilt = build(left, field_count, terms);
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 20}) {
        check_same(collect(merger, static_cast<std::uint32_t>(field_count), step), rebuilt);
    }
    if (wild > 200 && deleted_in_ten < 5) CHECK(rebuilt.frequency_tuples.size() / field_count > 255);
    TestSegment merged(rebuilt, TestSegment::ids_of(left), field_count);
    merged.open()->validate();
}

void test_refusals() {
    CHECK_THROWS(std::invalid_argument, Merger({}));
    std::mt19937 random(1);
    const auto documents = random_documents(random, 20, 1, 10, 0);
    TestSegment file(documents, 1, 10);
    const Merger merger({file.open()});
    CHECK_THROWS(std::out_of_range, merger.posting_rows(0, merger.term_count() + 1));
    CHECK_THROWS(std::out_of_range, merger.posting_codes(merger.term_count() + 1, merger.term_count() + 2));
    CHECK_THROWS(std::out_of_range, merger.forward_terms(0, 21));
    CHECK_THROWS(std::out_of_range, merger.forward_codes(22, 23));
    CHECK_THROWS(Corruption, merger.lengths(1));
}

/// Wrong statistics in the tombstones are told, not carried over.
void test_wrong_tombstones() {
    std::mt19937 random(4);
    const auto documents = random_documents(random, 60, 1, 10, 0);
    TestSegment file(documents, 1, 10);
    const auto plain = file.open();
    const Tombstones good = tombstones_of(documents, *plain, {1, 2, 3, 30, 31});
    CHECK(!good.terms.empty());
    for (const std::uint32_t wrong : {0u, 1000u, 0xFFFFFFFFu}) {
        Tombstones bad = good;
        bad.document_counts[0] = wrong;
        const auto segment = file.open(bad);
        CHECK_THROWS(Corruption, collect(Merger({segment}), 1, 100));
    }
    Tombstones shape = good;
    shape.live.pop_back();
    CHECK_THROWS(Corruption, file.open(shape));
    shape = good;
    shape.document_counts.pop_back();
    CHECK_THROWS(Corruption, file.open(shape));
}

}  // namespace

int main() {
    test_merged_equals_rebuilt(1, {40}, 1, 0, 0);
    test_merged_equals_rebuilt(2, {40, 1, 80}, 1, 0, 0);
    test_merged_equals_rebuilt(3, {100, 50, 60, 3}, 2, 0, 3);
    test_merged_equals_rebuilt(4, {300, 250}, 3, 280, 2);
    test_merged_equals_rebuilt(5, {300, 0, 250}, 2, 280, 9);
    test_merged_equals_rebuilt(6, {30, 20}, 1, 0, 10);  // nothing is left
    test_refusals();
    test_wrong_tombstones();
    return rocchio::failures();
}
