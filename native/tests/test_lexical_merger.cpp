// A merged segment must equal one that is built anew from the live documents, array by array.

#include "tests/test_lexical_fixture.hpp"

using namespace rocchio;
using namespace rocchio::testing;

namespace {

void append(EncodedItems& to, const EncodedItems& from) {
    const std::uint64_t base = to.bytes.size();
    to.bytes.insert(to.bytes.end(), from.bytes.begin(), from.bytes.end());
    for (std::size_t i = 1; i < from.offsets.size(); ++i) to.offsets.push_back(base + from.offsets[i]);
}

/// Everything the merger puts out, asked for in ranges of `step`, as the arrays of a built segment.
BuiltSegment collect(const Merger& merger, std::uint32_t field_count, std::size_t step) {
    BuiltSegment built;
    built.term_bytes = merger.term_bytes();
    built.term_offsets = merger.term_offsets();
    built.term_order = merger.term_order();
    built.posting_counts = merger.posting_counts();
    built.frequency_tuples = merger.frequency_tuples();
    for (std::size_t first = 0; first < merger.term_count(); first += step) {
        append(built.postings, merger.postings(first, std::min(first + step, merger.term_count())));
    }
    for (std::uint32_t first = 0; first < merger.row_count(); first += static_cast<std::uint32_t>(step)) {
        const auto last = std::min(first + static_cast<std::uint32_t>(step), merger.row_count());
        append(built.forward, merger.forward(first, last));
    }
    for (std::uint32_t f = 0; f < field_count; ++f) built.lengths.push_back(merger.lengths(f));
    return built;
}

bool same(const EncodedItems& a, const EncodedItems& b) {
    return a.bytes == b.bytes && a.offsets == b.offsets;
}

void check_same(const BuiltSegment& a, const BuiltSegment& b) {
    CHECK(a.term_bytes == b.term_bytes);
    CHECK(a.term_offsets == b.term_offsets);
    CHECK(a.term_order == b.term_order);
    CHECK(a.posting_counts == b.posting_counts);
    CHECK(same(a.postings, b.postings));
    CHECK(same(a.forward, b.forward));
    CHECK(a.frequency_tuples == b.frequency_tuples);
    CHECK(a.lengths == b.lengths);
}

/// The live rows of all segments, and their documents, both in a random order.
std::vector<OldRow> shuffled(std::mt19937& random,
                             const std::vector<std::shared_ptr<const Segment>>& segments,
                             std::vector<Document>& documents) {
    std::vector<OldRow> rows;
    for (std::uint32_t s = 0; s < segments.size(); ++s)
        for (std::uint32_t row = 0; row < segments[s]->row_count(); ++row)
            if (segments[s]->is_live(row)) rows.push_back({s, row});
    std::vector<std::size_t> places(rows.size());
    for (std::size_t i = 0; i < places.size(); ++i) places[i] = i;
    std::ranges::shuffle(places, random);
    std::vector<OldRow> order;
    std::vector<Document> reordered;
    for (const std::size_t place : places) {
        order.push_back(rows[place]);
        reordered.push_back(documents[place]);
    }
    documents = reordered;
    return order;
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
    const Merger in_order(segments, shuffled(random, segments, left));
    check_same(collect(in_order, static_cast<std::uint32_t>(field_count), 7),
               build(left, field_count, terms));
}

void test_orders_that_lack_a_row() {
    std::mt19937 random(5);
    TestSegment file(random_documents(random, 3, 1, 10, 0), 1, 10);
    const auto segment = file.open();
    const auto refused = [&](std::vector<OldRow> order) {
        CHECK_THROWS(std::invalid_argument, Merger({segment}, std::move(order)));
    };
    refused({{0, 0}, {0, 1}});
    refused({{0, 0}, {0, 1}, {0, 1}});
    refused({{0, 0}, {0, 1}, {0, 3}});
    refused({{0, 0}, {0, 1}, {1, 2}});
}

void test_refusals() {
    CHECK_THROWS(std::invalid_argument, Merger({}));
    std::mt19937 random(1);
    const auto documents = random_documents(random, 20, 1, 10, 0);
    TestSegment file(documents, 1, 10);
    const Merger merger({file.open()});
    CHECK_THROWS(std::out_of_range, merger.postings(0, merger.term_count() + 1));
    CHECK_THROWS(std::out_of_range, merger.forward(0, 21));
    CHECK_THROWS(std::out_of_range, merger.forward(22, 23));
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
    test_orders_that_lack_a_row();
    test_wrong_tombstones();
    return rocchio::failures();
}
