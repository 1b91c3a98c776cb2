#include <algorithm>
#include <map>

#include "tests/test_lexical_fixture.hpp"

using namespace rocchio;
using namespace rocchio::testing;

namespace {

using Tuple = std::vector<std::uint32_t>;

/// The final tuples and codes depend on what was interned and how often, never on the order.
void test_ranking_is_deterministic() {
    std::mt19937 random(3);
    std::vector<Tuple> uses;
    for (std::uint32_t a = 0; a < 100; ++a) {
        for (std::uint32_t n = 0; n < 1 + a % 7; ++n) {
            uses.push_back({a, 0});
            uses.push_back({0, a});
            uses.push_back({a, a % 3});
        }
    }
    std::vector<std::uint32_t> expected_tuples;
    std::map<Tuple, std::uint32_t> expected_codes;
    for (int round = 0; round < 20; ++round) {
        std::shuffle(uses.begin(), uses.end(), random);
        FrequencyTable table(2);
        std::map<Tuple, std::uint32_t> provisional;
        for (const Tuple& tuple : uses) {
            const std::uint32_t code = table.intern(tuple);
            CHECK(provisional.try_emplace(tuple, code).first->second == code);
        }
        CHECK(table.size() == provisional.size());
        CHECK(table.size() > 255);
        const auto rank = table.ranking();
        const auto tuples = table.ranked_tuples(rank);
        std::map<Tuple, std::uint32_t> codes;
        for (const auto& [tuple, code] : provisional) {
            codes[tuple] = rank[code];
            CHECK(tuples[rank[code] * 2] == tuple[0] && tuples[rank[code] * 2 + 1] == tuple[1]);
        }
        if (round == 0) {
            expected_tuples = tuples;
            expected_codes = codes;
        }
        CHECK(tuples == expected_tuples);
        CHECK(codes == expected_codes);
    }
}

void test_ranking_order() {
    FrequencyTable table(1);
    for (const std::uint32_t tf : {5u, 7u, 7u, 100u, 100u, 3u, 3u, 3u}) table.intern(Tuple{tf});
    // most used first, ties by tuple
    CHECK(table.ranked_tuples(table.ranking()) == (std::vector<std::uint32_t>{3, 7, 100, 5}));
}

/// Built and read back: every posting, every frequency, every length, every key.
void test_round_trip(std::uint32_t seed, std::size_t count, std::size_t field_count, std::size_t wild) {
    std::mt19937 random(seed);
    const std::uint32_t terms = 40;
    const auto documents = random_documents(random, count, field_count, terms, wild);
    TestSegment file(documents, field_count, terms);
    const auto segment = file.open();
    segment->validate();
    CHECK(segment->row_count() == count);
    if (wild > 200) CHECK(segment->code_count() > 255);
    std::map<std::string, std::map<std::uint32_t, Tuple>> expected;
    for (std::uint32_t row = 0; row < count; ++row) {
        for (std::size_t f = 0; f < field_count; ++f) {
            CHECK(segment->lengths(static_cast<std::uint32_t>(f))[row] == documents[row].fields[f].size());
            for (std::uint32_t term : documents[row].fields[f]) {
                expected[term_string(term)].try_emplace(row, field_count, 0).first->second[f] += 1;
            }
        }
        CHECK(segment->doc_id(row) == documents[row].doc_id);
        CHECK(segment->find_document(documents[row].doc_id) == row);
    }
    CHECK(segment->term_count() == expected.size());
    std::uint32_t id = 0;
    std::map<std::uint32_t, std::map<std::uint32_t, std::uint32_t>> forward_codes;
    for (const auto& [term, rows] : expected) {
        CHECK(segment->term(id) == term);
        CHECK(segment->find_term(term) == id);
        CHECK(segment->live_document_frequency(id) == rows.size());
        CHECK(segment->posting_count(id) == rows.size());
        for (std::uint32_t row = 0; row < count; ++row) {
            CHECK(segment->find_code(id, row).has_value() == rows.contains(row));
        }
        const auto list = segment->postings(id);
        CHECK(list.size() == rows.size());
        std::size_t i = 0;
        for (const auto& [row, tuple] : rows) {
            CHECK(list.rows[i] == row);
            const auto code = list.codes[i++];
            CHECK(std::ranges::equal(segment->frequencies(code), tuple));
            forward_codes[row][id] = code;
            CHECK(segment->find_code(id, row) == code);
        }
        ++id;
    }
    std::vector<std::uint32_t> codes;
    for (std::uint32_t row = 0; row < count; ++row) {
        const auto found = segment->forward(row, codes);
        CHECK(found.size() == forward_codes[row].size());
        std::size_t i = 0;
        for (const auto& [term, code] : forward_codes[row]) {
            CHECK(found[i] == term && codes[i] == code);
            ++i;
        }
    }
    CHECK(!segment->find_term("absent"));
    CHECK(!segment->find_term(""));
    CHECK(!segment->find_document("absent"));
    CHECK(!segment->find_document(""));
}

void test_refusals() {
    CHECK_THROWS(std::invalid_argument, SegmentBuilder(0));
    const std::vector<std::uint32_t> ids{0, 1, 2};
    const std::vector<std::int64_t> good{0, 2, 3};
    SegmentBuilder builder(1);
    const auto add = [&](const std::vector<std::int64_t>& offsets, std::size_t limit) {
        const std::vector<FieldTerms> fields{{ids, offsets}};
        builder.add(fields, limit);
    };
    CHECK_THROWS(std::invalid_argument, add({}, 3));
    CHECK_THROWS(std::invalid_argument, add({0, 2}, 3));
    CHECK_THROWS(std::invalid_argument, add({1, 3}, 3));
    CHECK_THROWS(std::invalid_argument, add({0, 3, 2, 3}, 3));
    CHECK_THROWS(std::invalid_argument, add({0, -1, 3}, 3));
    CHECK_THROWS(std::invalid_argument, add({0, 4}, 3));
    CHECK_THROWS(std::invalid_argument, add(good, 2));
    CHECK_THROWS(std::invalid_argument, builder.add({}, 3));
    const std::vector<std::int64_t> shorter{0, 3};
    const std::vector<FieldTerms> unequal{{ids, good}, {ids, shorter}};
    CHECK_THROWS(std::invalid_argument, SegmentBuilder(2).add(unequal, 3));
    add(good, 3);
    CHECK(builder.row_count() == 2);
    CHECK(builder.posting_count() == 3);
    const std::vector<std::string_view> two{"a", "b"};
    CHECK_THROWS(std::invalid_argument, builder.finish(two));
    const std::vector<std::string_view> three{"b", "c", "a"};
    const auto built = builder.finish(three);
    CHECK(std::string(built.term_bytes.begin(), built.term_bytes.end()) == "abc");
    CHECK(builder.row_count() == 0);  // empty and usable again
    add(good, 3);
    CHECK(builder.finish(three).postings.bytes == built.postings.bytes);
}

void test_batches_equal_one() {
    std::mt19937 random(9);
    const auto documents = random_documents(random, 300, 2, 50, 270);
    const auto whole = build(documents, 2, 50);
    SegmentBuilder builder(2);
    for (std::size_t begin = 0; begin < documents.size(); begin += 37) {
        std::vector<std::vector<std::uint32_t>> ids(2);
        std::vector<std::vector<std::int64_t>> offsets(2, {0});
        for (std::size_t d = begin; d < std::min(begin + 37, documents.size()); ++d) {
            for (std::size_t f = 0; f < 2; ++f) {
                ids[f].insert(ids[f].end(), documents[d].fields[f].begin(), documents[d].fields[f].end());
                offsets[f].push_back(static_cast<std::int64_t>(ids[f].size()));
            }
        }
        const std::vector<FieldTerms> fields{{ids[0], offsets[0]}, {ids[1], offsets[1]}};
        builder.add(fields, 50);
    }
    std::vector<std::string> strings;
    for (std::uint32_t term = 0; term < 50; ++term) strings.push_back(term_string(term));
    const std::vector<std::string_view> views(strings.begin(), strings.end());
    const auto built = builder.finish(views);
    CHECK(built.term_bytes == whole.term_bytes);
    CHECK(built.term_order == whole.term_order);
    CHECK(built.posting_counts == whole.posting_counts);
    CHECK(built.postings.bytes == whole.postings.bytes);
    CHECK(built.postings.offsets == whole.postings.offsets);
    CHECK(built.forward.bytes == whole.forward.bytes);
    CHECK(built.forward.offsets == whole.forward.offsets);
    CHECK(built.frequency_tuples == whole.frequency_tuples);
    CHECK(built.lengths == whole.lengths);
}

/// Impacts are frequencies that are not counted, and the rest of a segment is as ever.
void test_impacts() {
    const std::vector<std::uint32_t> ids{0, 2, 1, 1, 1, 0};
    const std::vector<std::int64_t> offsets{0, 2, 2, 5, 6};
    const std::vector<std::uint32_t> impacts{7, 4000000000u, 1, 2, 3, 300};
    const std::vector<std::string_view> names{"b", "a", "c"};
    SegmentBuilder builder(1);
    builder.add_impacts({ids, offsets}, impacts, names.size());
    CHECK(builder.row_count() == 4 && builder.posting_count() == 4);
    const BuiltSegment built = builder.finish(names);
    CHECK(built.lengths[0] == (std::vector<std::uint32_t>{4000000007u, 0, 6, 300}));
    CHECK(built.posting_counts == (std::vector<std::uint64_t>{0, 1, 3, 4}));
    CHECK(built.frequency_tuples == (std::vector<std::uint32_t>{6, 7, 300, 4000000000u}));
}

void test_refused_impacts() {
    using Numbers = std::vector<std::uint32_t>;
    const auto add = [](std::size_t fields, const Numbers& ids, const Numbers& impacts,
                        const std::vector<std::int64_t>& offsets) {
        SegmentBuilder builder(fields);
        builder.add_impacts({ids, offsets}, impacts, 2);
    };
    CHECK_THROWS(std::invalid_argument, add(2, {0}, {1}, {0, 1}));
    CHECK_THROWS(std::invalid_argument, add(1, {0}, {0}, {0, 1}));
    CHECK_THROWS(std::invalid_argument, add(1, {2}, {1}, {0, 1}));
    CHECK_THROWS(std::invalid_argument, add(1, {0}, {1, 1}, {0, 1}));
    CHECK_THROWS(std::invalid_argument, add(1, {0}, {1}, {0, 2}));
    CHECK_THROWS(std::invalid_argument, add(1, {0}, {1}, {}));
    CHECK_THROWS(std::invalid_argument, add(1, {0, 1}, {0xFFFFFFFFu, 1}, {0, 2}));
    add(1, {0, 1}, {0xFFFFFFFFu, 1}, {0, 1, 2});
}

}  // namespace

int main() {
    test_impacts();
    test_refused_impacts();
    test_ranking_is_deterministic();
    test_ranking_order();
    test_round_trip(1, 0, 1, 0);
    test_round_trip(2, 1, 1, 0);
    test_round_trip(3, 100, 3, 0);
    test_round_trip(4, 500, 2, 400);
    test_refusals();
    test_batches_equal_one();
    return rocchio::failures();
}
