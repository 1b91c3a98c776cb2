// Bytes made to hurt, with checksums that fit: whatever stands in the arrays, a reader throws Corruption or
// returns; it never crashes and never reads past its file (run with the sanitizers).

#include "tests/test_lexical_fixture.hpp"

using namespace rocchio;
using namespace rocchio::testing;

namespace {

constexpr std::uint32_t kTerms = 30;

/// Uses everything a segment offers. Corruption is the only exception that may come out; counts them.
class Exerciser {
  public:
    explicit Exerciser(std::uint32_t field_count) : field_count_(field_count) {
        for (std::uint32_t term = 0; term < kTerms; ++term) strings_.push_back(term_string(term));
        distinct_.assign(strings_.begin(), strings_.end());
        for (std::uint32_t term = 0; term < kTerms; ++term) {
            terms_.push_back(term);
            weights_.push_back(1.0 + term % 3);
            if (term % 5 == 4) offsets_.push_back(terms_.size());
        }
    }

    int corruptions() const { return corruptions_; }

    void use(const std::shared_ptr<const Segment>& segment) {
        const Segment& s = *segment;
        std::vector<std::uint32_t> codes;
        for (std::uint32_t id = 0; id < s.term_count() + 2 && id < 1000; ++id) {
            attempt([&] { sink_ += s.term(id).size(); });
            attempt([&] {
                const auto list = s.postings(id);
                for (std::size_t i = 0; i < list.size(); ++i) {
                    sink_ += list.rows[i] + s.frequencies(list.codes[i]).size();
                }
            });
            attempt([&] { sink_ += s.live_document_frequency(id); });
        }
        for (std::uint32_t row = 0; row < s.row_count() + 2 && row < 1000; ++row) {
            attempt([&] { sink_ += s.doc_id(row).size() + s.find_document(s.doc_id(row)).value_or(0); });
            attempt([&] { sink_ += s.forward(row, codes).size(); });
        }
        for (std::uint32_t f = 0; f < field_count_ + 1; ++f) attempt([&] { sink_ += s.lengths(f).size(); });
        for (const auto term : distinct_) attempt([&] { sink_ += s.find_term(term).value_or(0); });
        attempt([&] { s.validate(); });
        search({segment});
        search({segment, segment});
        attempt([&] { merge({segment, segment}); });
    }

    void search(const std::vector<std::shared_ptr<const Segment>>& segments) {
        const std::vector<std::uint64_t> totals(field_count_, 500);
        const std::vector<double> some = field_count_ > 1 ? std::vector{0.0, 2.5} : std::vector{2.5};
        for (const Scoring& scoring : {Scoring{}, Scoring{Variant::bm25l, 0.0, 1.0, 0.5, 1.0}}) {
            for (const auto& field_weights : {std::vector<double>(field_count_, 1.0), some}) {
                const Searcher searcher(segments, scoring, field_weights, 100, totals);
                for (const Kernel kernel : {Kernel::pruned, Kernel::exhaustive, Kernel::reference}) {
                    attempt([&] {
                        const auto found =
                            searcher.search(distinct_, {offsets_, terms_, weights_}, 5, {}, kernel);
                        for (const Scored& hit : found.hits) sink_ += searcher.doc_id(hit.segment, hit.row).size();
                    });
                }
                attempt([&] { sink_ += searcher.document_frequency("t1"); });
                attempt([&] { sink_ += static_cast<std::uint64_t>(searcher.boosted_length(0, 0)); });
            }
        }
    }

    void merge(const std::vector<std::shared_ptr<const Segment>>& segments) {
        const Merger merger(segments);
        const std::size_t terms = merger.term_count();
        attempt([&] { sink_ += merger.posting_rows(0, terms).size(); });
        attempt([&] { sink_ += merger.posting_codes(0, terms).codes.size(); });
        attempt([&] { sink_ += merger.forward_terms(0, merger.row_count()).size(); });
        attempt([&] { sink_ += merger.forward_codes(0, merger.row_count()).codes.size(); });
        for (std::uint32_t f = 0; f < field_count_; ++f) attempt([&] { sink_ += merger.lengths(f).size(); });
    }

    template <typename Call>
    void attempt(Call&& call) {
        try {
            call();
        } catch (const Corruption&) {
            ++corruptions_;
        } catch (const std::out_of_range&) {  // boosted_length of a row that is not there
        }
    }

  private:
    std::uint32_t field_count_;
    std::vector<std::string> strings_;
    std::vector<std::string_view> distinct_;
    std::vector<std::uint64_t> offsets_{0};
    std::vector<std::uint32_t> terms_;
    std::vector<double> weights_;
    std::uint64_t sink_ = 0;
    int corruptions_ = 0;
};

/// One change of one array: of a byte, a word, its length, the order of two words, ...
void mutate(std::mt19937& random, std::vector<std::uint8_t>& bytes) {
    const auto place = [&](std::size_t width) -> std::size_t {
        return bytes.size() < width ? 0 : random() % (bytes.size() / width) * width;
    };
    const auto put = [&](std::size_t at, std::uint64_t value, std::size_t width) {
        if (at + width <= bytes.size()) std::memcpy(bytes.data() + at, &value, width);
    };
    const std::uint64_t extremes[] = {0,
                                      1,
                                      2,
                                      0x7F,
                                      0xFF,
                                      0xFFFFFFFF,
                                      0x80000000,
                                      0x7FFFFFFF,
                                      bytes.size(),
                                      ~std::uint64_t{0},
                                      std::uint64_t{1} << 63,
                                      std::uint64_t{1} << 32};
    switch (random() % 8) {
        case 0:
            if (!bytes.empty()) bytes[place(1)] ^= static_cast<std::uint8_t>(1u << (random() % 8));
            break;
        case 1:
            if (!bytes.empty()) bytes[place(1)] = static_cast<std::uint8_t>(random());
            break;
        case 2:
            put(place(4), extremes[random() % 12], 4);
            break;
        case 3:
            put(place(8), extremes[random() % 12], 8);
            break;
        case 4:
            put(place(4), random() % 400, 4);
            break;
        case 5:
            bytes.resize(bytes.empty() ? 0 : random() % bytes.size() / 8 * 8);
            break;
        case 6:
            bytes.resize(bytes.size() + 8 * (1 + random() % 4), static_cast<std::uint8_t>(random()));
            break;
        default: {
            const std::size_t a = place(8);
            const std::size_t b = place(8);
            for (std::size_t i = 0; i < 8 && a + i < bytes.size() && b + i < bytes.size(); ++i) {
                std::swap(bytes[a + i], bytes[b + i]);
            }
        }
    }
}

void test_random_mutations(std::uint32_t field_count, std::size_t wild, int rounds) {
    std::mt19937 random(100 + field_count);
    const auto documents = random_documents(random, wild ? 300 : 60, field_count, kTerms, wild);
    const TestSegment sound(documents, field_count, kTerms);
    int noticed = 0;
    for (int round = 0; round < rounds; ++round) {
        Exerciser exerciser(field_count);
        MemoryFile changed;
        TestSegment hostile(documents, field_count, kTerms);
        const auto names = hostile.file.names();
        for (std::size_t n = 1 + random() % 3; n > 0; --n) {
            mutate(random, hostile.file.bytes_of(names[random() % names.size()]));
        }
        if (random() % 20 == 0) hostile.rows = random() % 400;
        Tombstones tombstones;
        if (random() % 3 == 0) {
            tombstones.live.assign(bitmap_bytes(hostile.rows), static_cast<std::uint8_t>(random()));
            tombstones.terms = {0, 3, 29, 1000};
            tombstones.document_counts = {static_cast<std::uint32_t>(random() % 3), 1, 0xFFFFFFFFu, 1};
        }
        exerciser.attempt([&] { exerciser.use(hostile.open(tombstones)); });
        noticed += exerciser.corruptions() > 0;
    }
    CHECK(noticed > rounds / 2);
}

/// What validate must say of single, well-aimed changes.
class Validation {
  public:
    explicit Validation(std::uint32_t field_count) : random_(8), field_count_(field_count) {
        documents_ = random_documents(random_, 40, field_count, kTerms, 0);
    }

    template <typename T, typename Change>
    bool finds(const std::string& name, Change&& change) {
        TestSegment file(documents_, field_count_, kTerms);
        auto& bytes = file.file.bytes_of(name);
        std::vector<T> values(bytes.size() / sizeof(T));
        std::memcpy(values.data(), bytes.data(), bytes.size());
        change(values);
        file.file.put(name, values);
        try {
            file.open()->validate();
        } catch (const Corruption& error) {
            reason = error.what();
            return true;
        }
        reason = "nothing";
        return false;
    }
    std::string reason;

  private:
    std::mt19937 random_;
    std::uint32_t field_count_;
    std::vector<Document> documents_;
};

#define CHECK_FOUND(validation, words) \
    CHECK(std::string_view((validation).reason).find(words) != std::string::npos)

void test_validate_names_what_is_wrong() {
    Validation v(2);
    using U32 = std::vector<std::uint32_t>;
    using U64 = std::vector<std::uint64_t>;
    using U8 = std::vector<std::uint8_t>;
    CHECK(!v.finds<std::uint8_t>("term_bytes", [](U8&) {}));
    CHECK(v.finds<std::uint8_t>("term_bytes", [](U8& a) { a[0] = 'z'; }));
    CHECK_FOUND(v, "terms are not in order");
    CHECK(v.finds<std::uint64_t>("term_offsets", [](U64& a) { a[3] = a[5]; }));
    CHECK(v.finds<std::uint64_t>("term_offsets", [](U64& a) { a.back() += 100; }));
    CHECK_FOUND(v, "string offsets");
    CHECK(v.finds<std::uint64_t>("term_offsets", [](U64& a) { a.pop_back(); }));
    CHECK_FOUND(v, "number of terms");
    CHECK(v.finds<std::uint64_t>("posting_offsets", [](U64& a) { std::swap(a[2], a[3]); }));
    CHECK(v.finds<std::uint64_t>("posting_offsets", [](U64& a) { a[0] = 1; }));
    CHECK_FOUND(v, "leave gaps");
    CHECK(v.finds<std::uint64_t>("posting_offsets", [](U64& a) { a[2] = a[3]; }));
    CHECK(v.finds<std::uint64_t>("posting_offsets", [](U64& a) { --a.back(); }));
    CHECK(v.finds<std::uint32_t>("posting_rows", [](U32& a) { std::swap(a[0], a[1]); }));
    CHECK_FOUND(v, "rows are not increasing");
    CHECK(v.finds<std::uint32_t>("posting_rows", [](U32& a) { a.back() = 40; }));
    CHECK_FOUND(v, "a row is out of range");
    CHECK(v.finds<std::uint32_t>("posting_rows", [](U32& a) { a.push_back(1); }));
    CHECK_FOUND(v, "postings need a code for each row");
    CHECK(v.finds<std::uint8_t>("posting_codes", [](U8& a) { a[0] = 254; }));
    CHECK_FOUND(v, "a frequency code is out of range");
    CHECK(v.finds<std::uint8_t>("posting_codes", [](U8& a) { a[0] = 255; }));
    CHECK_FOUND(v, "an escaped frequency code is missing");
    CHECK(v.finds<std::uint64_t>("forward_offsets", [](U64& a) { std::swap(a[1], a[10]); }));
    CHECK(v.finds<std::uint64_t>("forward_offsets", [](U64& a) { a.push_back(a.back()); }));
    CHECK(v.finds<std::uint32_t>("forward_terms", [](U32& a) { a[0] = 1000; }));
    CHECK_FOUND(v, "terms of a row are out of range or not increasing");
    CHECK(v.finds<std::uint32_t>("forward_terms", [](U32& a) { a.push_back(0); }));
    CHECK(v.finds<std::uint8_t>("forward_codes", [](U8& a) { a[0] = 254; }));
    CHECK(v.finds<std::uint32_t>("frequency_tuples", [](U32& a) { ++a[0]; }));
    CHECK_FOUND(v, "a length is not the sum of its frequencies");
    CHECK(v.finds<std::uint32_t>("frequency_tuples", [](U32& a) { a.push_back(1); }));
    CHECK(v.finds<std::uint32_t>("lengths", [](U32& a) { ++a[7]; }));
    CHECK_FOUND(v, "a length is not the sum of its frequencies");
    CHECK(v.finds<std::uint32_t>("lengths", [](U32& a) { a.pop_back(); }));
    CHECK_FOUND(v, "lengths do not fit rows and fields");
    CHECK(v.finds<std::uint64_t>("doc_id_offsets", [](U64& a) { std::swap(a[4], a[9]); }));
    CHECK(v.finds<std::uint64_t>("doc_id_offsets", [](U64& a) { a.pop_back(); }));
    CHECK(v.finds<std::uint32_t>("doc_id_order", [](U32& a) { a.pop_back(); }));
}

/// The postings and the forward index say the same thing twice; a difference is damage that validate should
/// see.
void test_validate_compares_both_directions() {
    Validation v(2);
    CHECK(v.finds<std::uint8_t>("posting_codes",
                                [](std::vector<std::uint8_t>& a) { a[0] = a[0] == 0 ? 1 : 0; }));
    CHECK(v.finds<std::uint32_t>("posting_rows", [](std::vector<std::uint32_t>& a) {
        for (std::size_t i = 1; i < a.size(); ++i) {
            if (a[i] > a[i - 1] + 1) {
                --a[i];
                return;
            }
        }
    }));
}

void test_no_text_field() {
    std::mt19937 random(1);
    TestSegment file(random_documents(random, 5, 1, kTerms, 0), 1, kTerms);
    file.fields = 0;
    CHECK_THROWS(Corruption, file.open());
    file.fields = 0xFFFFFFFFu;
    CHECK_THROWS(Corruption, file.open());
    file.fields = 1;
    file.rows = 0xFFFFFFFFu;
    CHECK_THROWS(Corruption, file.open());
}

}  // namespace

int main() {
    test_random_mutations(1, 0, 1200);
    test_random_mutations(2, 0, 1200);
    test_random_mutations(2, 260, 200);
    test_validate_names_what_is_wrong();
    test_validate_compares_both_directions();
    test_no_text_field();
    return rocchio::failures();
}
