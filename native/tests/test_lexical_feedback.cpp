// What feedback documents say, against the same counted from the documents: terms, frequencies, filters,
// orders.

#include <cmath>
#include <set>

#include "lexical/feedback_terms.hpp"
#include "tests/test_lexical_fixture.hpp"

using namespace rocchio;
using namespace rocchio::testing;

namespace {

constexpr std::uint32_t kTerms = 40;

/// Two segments, of which the first has deleted rows.
struct Index {
    std::vector<std::vector<Document>> documents;
    std::vector<std::unique_ptr<TestSegment>> files;
    std::vector<std::shared_ptr<const Segment>> segments;
    std::set<std::uint32_t> deleted;  // rows of the first segment
    std::uint64_t live = 0;

    Index(std::mt19937& random, std::size_t fields, std::size_t wild, bool with_deleted) {
        for (const char prefix : {'a', 'b'}) {
            documents.push_back(random_documents(random, 60, fields, kTerms, wild, std::string(1, prefix)));
            files.push_back(std::make_unique<TestSegment>(documents.back(), fields, kTerms));
            segments.push_back(files.back()->open());
        }
        if (with_deleted) {
            for (std::uint32_t row = 0; row < 60; row += 1 + random() % 5) deleted.insert(row);
            const std::vector<std::uint32_t> rows(deleted.begin(), deleted.end());
            segments[0] = files[0]->open(tombstones_of(documents[0], *segments[0], rows));
        }
        live = 120 - deleted.size();
    }

    bool is_live(std::size_t segment, std::uint32_t row) const {
        return segment == 1 || !deleted.contains(row);
    }
};

/// {term: boosted frequency} of one document.
std::map<std::string, double> counts_of(const Document& document, const std::vector<double>& boosts) {
    std::map<std::string, double> counts;
    for (std::size_t f = 0; f < boosts.size(); ++f) {
        for (const std::uint32_t term : document.fields[f]) {
            if (boosts[f] > 0.0) counts[term_string(term)] += boosts[f];
        }
    }
    return counts;
}

struct Statistics {
    std::map<std::string, std::uint64_t> documents;
    std::map<std::string, double> frequencies;
};

Statistics statistics_of(const Index& index, const std::vector<double>& boosts) {
    Statistics statistics;
    for (std::size_t s = 0; s < index.documents.size(); ++s) {
        for (std::uint32_t row = 0; row < index.documents[s].size(); ++row) {
            if (!index.is_live(s, row)) continue;
            for (const auto& [term, frequency] : counts_of(index.documents[s][row], boosts)) {
                ++statistics.documents[term];
                statistics.frequencies[term] += frequency;
            }
        }
    }
    return statistics;
}

struct Places {
    std::vector<std::uint64_t> offsets{0};
    std::vector<std::uint32_t> segments;
    std::vector<std::uint32_t> rows;

    FeedbackDocuments documents() const { return {offsets, segments, rows}; }
};

Places random_places(std::mt19937& random, const Index& index, std::size_t queries) {
    Places places;
    for (std::size_t query = 0; query < queries; ++query) {
        std::set<std::pair<std::uint32_t, std::uint32_t>> chosen;
        for (std::size_t n = random() % 8; n > 0; --n) {
            const std::uint32_t segment = query % 3 == 0 ? 1 : random() % 2;
            const std::uint32_t row = random() % 60;
            if (index.is_live(segment, row)) chosen.insert({segment, row});
        }
        std::vector<std::pair<std::uint32_t, std::uint32_t>> order(chosen.begin(), chosen.end());
        std::shuffle(order.begin(), order.end(), random);
        for (const auto& [segment, row] : order) {
            places.segments.push_back(segment);
            places.rows.push_back(row);
        }
        places.offsets.push_back(places.rows.size());
    }
    return places;
}

/// The accepted terms of one document, the most frequent ones if that is wanted.
std::map<std::string, double> accepted_of(const Document& document, const std::vector<double>& boosts,
                                          const Statistics& statistics, const TermFilter& filter) {
    std::vector<std::pair<std::string, double>> terms;
    for (const auto& [term, frequency] : counts_of(document, boosts)) {
        if (filter.accepts(term) && statistics.documents.at(term) <= filter.most_documents) {
            terms.push_back({term, frequency});
        }
    }
    std::ranges::sort(terms, [](const auto& a, const auto& b) {
        return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    if (filter.most_per_document > 0 && terms.size() > filter.most_per_document) {
        terms.resize(filter.most_per_document);
    }
    return {terms.begin(), terms.end()};
}

std::string_view term_at(const FeedbackTerms& found, std::size_t number) {
    const auto begin = static_cast<std::size_t>(found.term_offsets[number]);
    const auto end = static_cast<std::size_t>(found.term_offsets[number + 1]);
    return {reinterpret_cast<const char*>(found.bytes.data()) + begin, end - begin};
}

void check_query(const FeedbackTerms& found, std::size_t query, const Places& places, const Index& index,
                 const std::vector<double>& boosts, const Statistics& statistics, const TermFilter& filter) {
    std::map<std::string, std::map<std::uint32_t, double>> expected;
    const std::uint64_t begin = places.offsets[query];
    for (std::uint64_t i = begin; i < places.offsets[query + 1]; ++i) {
        const Document& document = index.documents[places.segments[i]][places.rows[i]];
        for (const auto& [term, frequency] : accepted_of(document, boosts, statistics, filter)) {
            expected[term][static_cast<std::uint32_t>(i - begin)] = frequency;
        }
    }
    const std::uint64_t first = found.query_terms[query];
    CHECK(found.query_terms[query + 1] - first == expected.size());
    std::uint64_t entry = found.query_entries[query];
    std::uint32_t number = 0;
    for (const auto& [term, documents] : expected) {  // in the order of their bytes
        CHECK(term_at(found, first + number) == term);
        CHECK(found.document_frequencies[first + number] == statistics.documents.at(term));
        std::string last_id;
        for (std::size_t n = 0; n < documents.size(); ++n, ++entry) {
            CHECK(found.entry_terms[entry] == number);
            const std::uint32_t place = found.entry_documents[entry];
            CHECK(documents.contains(place));
            CHECK(std::abs(found.entry_frequencies[entry] - documents.at(place)) < 1e-9);
            const std::uint64_t at = begin + place;
            const std::string& id = index.documents[places.segments[at]][places.rows[at]].doc_id;
            CHECK(last_id < id);
            last_id = id;
        }
        ++number;
    }
    CHECK(entry == found.query_entries[query + 1]);
}

/// The relevance models of the same documents, from their accepted terms.
void check_models(const Searcher& searcher, const Places& places, const Index& index,
                  const std::vector<double>& boosts, const Statistics& statistics, const TermFilter& filter) {
    std::vector<double> scores;
    for (std::size_t i = 0; i < places.rows.size(); ++i) scores.push_back(static_cast<double>(i % 5) - 1.0);
    const WeightedTerms found =
        searcher.relevance_models(places.documents(), scores, filter, {2.0, 0.001, 4});
    for (std::size_t query = 0; query + 1 < places.offsets.size(); ++query) {
        std::map<std::string, double> model;
        for (std::uint64_t i = places.offsets[query]; i < places.offsets[query + 1]; ++i) {
            const Document& document = index.documents[places.segments[i]][places.rows[i]];
            const auto terms = accepted_of(document, boosts, statistics, filter);
            double norm = 0.0;
            for (const auto& [term, frequency] : terms) norm += frequency / 2.0;
            if (scores[i] <= 0.0) continue;
            for (const auto& [term, frequency] : terms) model[term] += frequency / 2.0 / norm * scores[i];
        }
        const std::uint64_t first = found.query_terms[query];
        CHECK(found.query_terms[query + 1] - first == std::min<std::size_t>(4, model.size()));
        double last = 1e9;
        for (std::uint64_t n = first; n < found.query_terms[query + 1]; ++n) {
            const auto begin = static_cast<std::size_t>(found.term_offsets[n]);
            const auto end = static_cast<std::size_t>(found.term_offsets[n + 1]);
            const std::string term(found.bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                                   found.bytes.begin() + static_cast<std::ptrdiff_t>(end));
            CHECK(std::abs(found.weights[n] - model.at(term)) < 1e-9);
            CHECK(found.weights[n] <= last);
            last = found.weights[n];
            model.erase(term);
        }
        for (const auto& [term, weight] : model) CHECK(weight <= last + 1e-9);
    }
}

/// Terms that more documents have than some limit, where all fields count; null where fields are left out.
void check_frequent_terms(const Searcher& searcher, const Statistics& statistics, bool all_fields) {
    for (const std::uint64_t most : {0, 1, 5, 12, 30, 1000}) {
        const auto found = searcher.frequent_terms(most);
        CHECK(found == searcher.frequent_terms(most));  // kept
        CHECK((found != nullptr) == (all_fields || most == 1000));
        if (!found) continue;
        for (std::size_t s = 0; s < searcher.segment_count(); ++s) {
            const Segment& segment = searcher.segment(s);
            for (std::size_t rank = 0; rank < segment.term_count(); ++rank) {
                const std::uint32_t id = segment.term_of_rank(rank);
                const auto known = statistics.documents.find(std::string(segment.term(id)));
                const std::uint64_t documents = known == statistics.documents.end() ? 0 : known->second;
                const bool is_frequent = rank < found->first_ranks[s] || found->has(s, id);
                CHECK(is_frequent == (documents > most));
            }
        }
    }
}

void test_terms_equal_what_documents_hold(std::uint32_t seed) {
    std::mt19937 random(seed);
    const std::size_t fields = 1 + seed % 2;
    const Index index(random, fields, seed % 3 ? 0 : 20, seed % 2 == 0);
    std::vector<double> boosts{2.0};
    if (fields == 2) boosts.push_back(seed % 4 < 2 ? 0.0 : 0.5);
    const Statistics statistics = statistics_of(index, boosts);
    const std::vector<std::uint64_t> totals(fields, 700);
    const Searcher searcher(index.segments, {}, boosts, index.live, totals);
    const Places places = random_places(random, index, 6);
    const TermFilter filters[] = {{},
                                  {.least_characters = 3},
                                  {.most_characters = 2, .most_per_document = 3},
                                  {.required_forms = kLetters},
                                  {.required_forms = kLettersOrDigits, .refused_forms = kDigits},
                                  {.most_documents = index.live / 4, .most_per_document = 2},
                                  {.most_documents = 0}};
    for (const TermFilter& filter : filters) {
        const FeedbackTerms found = searcher.feedback_terms(places.documents(), filter);
        CHECK(found.query_terms.size() == 7);
        CHECK(found.term_offsets.back() == static_cast<std::int64_t>(found.bytes.size()));
        for (std::size_t query = 0; query < 6; ++query) {
            check_query(found, query, places, index, boosts, statistics, filter);
        }
        check_models(searcher, places, index, boosts, statistics, filter);
    }
    check_frequent_terms(searcher, statistics, std::ranges::find(boosts, 0.0) == boosts.end());
    for (const auto& [term, frequency] : statistics.frequencies) {
        CHECK(std::abs(searcher.collection_frequency(term) - frequency) < 1e-6);
    }
    CHECK(searcher.collection_frequency("absent") == 0.0);
}

void test_forms() {
    const TermFilter words{.required_forms = kLettersOrDigits, .refused_forms = kDigits};
    CHECK(words.accepts("a1") && words.accepts("a") && !words.accepts("11") && !words.accepts("A1"));
    CHECK(!words.accepts("a-1") && !words.accepts("\xC3\xA9"));
    const TermFilter letters{.required_forms = kLetters};
    CHECK(letters.accepts("abc") && !letters.accepts("ab1") && !letters.accepts("1"));
    const TermFilter two{.least_characters = 2, .most_characters = 2};
    CHECK(two.accepts("\xC3\xA9\xC3\xA9") && two.accepts("ab"));  // characters, not bytes
    CHECK(!two.accepts("\xC3\xA9") && !two.accepts("abc") && !two.accepts(""));
    CHECK(two.accepts({"a\0", 2}));
    CHECK(TermFilter{}.accepts("\xFF\x80\x80"));  // no UTF-8, still a term
}

void test_no_queries() {
    std::mt19937 random(1);
    const Index index(random, 1, 0, false);
    const std::vector<std::uint64_t> totals{700};
    const Searcher searcher(index.segments, {}, {1.0}, index.live, totals);
    const std::vector<std::uint64_t> none{0};
    const FeedbackTerms found = searcher.feedback_terms({none, {}, {}}, {});
    CHECK(found.query_terms == std::vector<std::uint64_t>{0});
    CHECK(found.bytes.empty() && found.entry_terms.empty());
}

/// Changed arrays with checksums that fit: Corruption, or any answer of the right shape.
void test_hostile_segments(std::uint32_t seed) {
    std::mt19937 random(seed);
    const auto documents = random_documents(random, 40, 2, kTerms, seed % 2 ? 15 : 0);
    for (int round = 0; round < 40; ++round) {
        TestSegment file(documents, 2, kTerms);
        const auto names = file.file.names();
        for (std::uint32_t n = 1 + random() % 3; n > 0; --n) {
            mutate(random, file.file.bytes_of(names[random() % names.size()]));
        }
        try {
            const auto segment = file.open();
            const std::vector<std::uint64_t> totals{500, 500};
            const Searcher searcher({segment, segment}, {}, {1.0, 0.5}, 80, totals);
            const std::vector<std::uint64_t> offsets{0, 40, 80};
            std::vector<std::uint32_t> segments(80);
            std::vector<std::uint32_t> rows(80);
            for (std::uint32_t i = 0; i < 80; ++i) {
                segments[i] = i % 2;
                rows[i] = i / 2;
            }
            const FeedbackTerms found = searcher.feedback_terms(
                {offsets, segments, rows}, {.least_characters = 2, .most_per_document = round % 2 ? 5u : 0u});
            CHECK(found.query_terms.size() == 3);
            CHECK(found.entry_terms.size() == found.entry_frequencies.size());
            CHECK(found.query_entries.back() == found.entry_terms.size());
            searcher.collection_frequency("t1");
        } catch (const Corruption&) {
        }
    }
}

}  // namespace

int main() {
    for (std::uint32_t seed = 0; seed < 12; ++seed) test_terms_equal_what_documents_hold(seed);
    test_forms();
    test_no_queries();
    for (std::uint32_t seed = 0; seed < 8; ++seed) test_hostile_segments(seed);
    return rocchio::failures();
}
