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
            for (std::uint32_t row = 0; row < 400; row += 13) {
                attempt([&] { sink_ += s.find_code(id, row).value_or(0); });
            }
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
                        for (const Scored& hit : found.hits)
                            sink_ += searcher.doc_id(hit.segment, hit.row).size();
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
        attempt([&] { sink_ += merger.postings(0, terms).bytes.size(); });
        attempt([&] { sink_ += merger.forward(0, merger.row_count()).bytes.size(); });
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
        documents_ = random_documents(random_, 300, field_count, kTerms, 0);
    }

    /// Whether validate refuses the segment after `change`, which is given the file; `reason` is what it
    /// says.
    template <typename Change>
    bool finds(Change&& change) {
        TestSegment file(documents_, field_count_, kTerms);
        change(file);
        try {
            file.open()->validate();
        } catch (const Corruption& error) {
            reason = error.what();
            return true;
        }
        reason = "nothing";
        return false;
    }
    /// The same for one array of plain numbers.
    template <typename T, typename Change>
    bool finds(const std::string& name, Change&& change) {
        return finds([&](TestSegment& segment) {
            auto& bytes = segment.file.bytes_of(name);
            std::vector<T> values(bytes.size() / sizeof(T));
            std::memcpy(values.data(), bytes.data(), bytes.size());
            change(values);
            segment.file.put(name, values);
        });
    }
    /// The same for the numbers of a sequence.
    template <typename Change>
    bool finds_in_sequence(const std::string& name, Change&& change) {
        return finds([&](TestSegment& segment) {
            segment.file.seal();
            const EliasFano sequence(segment.file.array<std::uint64_t>(name));
            std::vector<std::uint64_t> values;
            for (std::size_t i = 0; i < sequence.size(); ++i) values.push_back(sequence.at(i));
            change(values);
            segment.file.put(name, encode_elias_fano(values));
        });
    }
    /// The same for the first packed sequence of an array, which has `count` numbers.
    template <typename Change>
    bool finds_packed(const std::string& name, std::size_t count, Change&& change) {
        return finds([&](TestSegment& segment) {
            segment.file.seal();
            const Packed packed(segment.file.array<std::uint8_t>(name), 0, count);
            std::vector<std::uint32_t> values = packed.all();
            auto& bytes = segment.file.bytes_of(name);
            const std::vector<std::uint8_t> rest(bytes.begin() + static_cast<std::ptrdiff_t>(packed.end()),
                                                 bytes.end());
            change(values);
            bytes = encode_packed(values);
            bytes.insert(bytes.end(), rest.begin(), rest.end());
        });
    }
    /// The same for all posting lists, decoded.
    template <typename Change>
    bool finds_in_lists(Change&& change) {
        return finds([&](TestSegment& segment) {
            const auto sound = segment.open();
            std::vector<PostingList> lists;
            for (std::uint32_t term = 0; term < sound->term_count(); ++term) {
                lists.push_back(sound->postings(term));
            }
            change(lists);
            EncodedItems encoded;
            for (const PostingList& list : lists) {
                encode_postings(list.rows, list.codes, encoded.bytes);
                encoded.end_item();
            }
            segment.put_items("posting_lists", "posting_offsets", encoded);
        });
    }
    std::string reason;

  private:
    std::mt19937 random_;
    std::uint32_t field_count_;
    std::vector<Document> documents_;
};

#define CHECK_FOUND(validation, words) \
    CHECK(std::string_view((validation).reason).find(words) != std::string::npos)

using U8 = std::vector<std::uint8_t>;
using U32 = std::vector<std::uint32_t>;
using U64 = std::vector<std::uint64_t>;
using Lists = std::vector<PostingList>;

void test_validate_names_what_is_wrong() {
    Validation v(2);
    CHECK(!v.finds([](TestSegment&) {}));
    CHECK(v.finds<std::uint8_t>("term_bytes", [](U8& a) { a[0] = 'z'; }));
    CHECK_FOUND(v, "terms are not in order");
    CHECK(v.finds_in_sequence("term_offsets", [](U64& a) { a[3] = a[4]; }));
    CHECK(v.finds_in_sequence("term_offsets", [](U64& a) { a.back() += 100; }));
    CHECK_FOUND(v, "string offsets do not cover");
    CHECK(v.finds_in_sequence("term_offsets", [](U64& a) { a.erase(a.end() - 2); }));
    CHECK_FOUND(v, "number of terms");
    CHECK(v.finds_packed("term_order", kTerms, [](U32& a) { std::swap(a[2], a[3]); }));
    CHECK_FOUND(v, "order of their document frequencies");
    CHECK(v.finds_packed("term_order", kTerms, [](U32& a) { a[2] = kTerms; }));
    CHECK_FOUND(v, "a term is out of range");
    CHECK(v.finds_packed("term_order", kTerms, [](U32& a) { a.resize(100); }));
    CHECK_FOUND(v, "the order of terms does not fit");
    CHECK(v.finds<std::uint8_t>("forward_rows", [](U8& a) { a.push_back(0); }));
    CHECK_FOUND(v, "forward offsets do not cover");
    CHECK(v.finds<std::uint8_t>("forward_rows", [](U8& a) { a[0] = 0; }));
    CHECK(v.finds_in_sequence("forward_offsets", [](U64& a) { a[0] = 1; }));
    CHECK_FOUND(v, "does not begin at 0");
    CHECK(v.finds_in_sequence("forward_offsets", [](U64& a) { a.push_back(a.back()); }));
    CHECK_FOUND(v, "forward offsets do not fit");
    CHECK(v.finds<std::uint32_t>("frequency_tuples", [](U32& a) { ++a[0]; }));
    CHECK_FOUND(v, "a length is not the sum of its frequencies");
    CHECK(v.finds<std::uint32_t>("frequency_tuples", [](U32& a) { a.push_back(1); }));
    CHECK_FOUND(v, "frequency tuples do not fit");
    CHECK(v.finds_packed("lengths", 300, [](U32& a) { ++a[7]; }));
    CHECK_FOUND(v, "a length is not the sum of its frequencies");
    CHECK(v.finds<std::uint8_t>("lengths", [](U8& a) { a.push_back(0); }));
    CHECK_FOUND(v, "lengths do not fit rows and fields");
    CHECK(v.finds<std::uint8_t>("lengths", [](U8& a) { a.pop_back(); }));
    CHECK_FOUND(v, "packed numbers reach past their array");
    CHECK(v.finds<std::uint8_t>("lengths", [](U8& a) { a[0] = 33; }));
    CHECK_FOUND(v, "wider than 32 bits");
    CHECK(v.finds_in_sequence("doc_id_offsets", [](U64& a) { a.pop_back(); }));
    CHECK(v.finds<std::uint8_t>("doc_id_order", [](U8& a) { a.pop_back(); }));
}

void test_validate_names_wrong_lists() {
    Validation v(2);
    CHECK(!v.finds_in_lists([](Lists&) {}));
    CHECK(v.finds_in_lists([](Lists& a) { a[1].rows.back() = 300; }));
    CHECK_FOUND(v, "a row is out of range");
    CHECK(v.finds_in_lists([](Lists& a) { a[1].rows[1] = a[1].rows[0]; }));
    CHECK_FOUND(v, "a row is out of range");
    CHECK(v.finds_in_lists([](Lists& a) { a[1].codes[2] = 254; }));
    CHECK_FOUND(v, "a frequency code is out of range");
    CHECK(v.finds_in_sequence("posting_counts", [](U64& a) { a[0] = 1; }));
    CHECK(v.finds_in_sequence("posting_counts", [](U64& a) {
        for (std::uint64_t& count : a) count *= 300;
    }));
    CHECK_FOUND(v, "more postings than rows");
    CHECK(v.finds_in_sequence("posting_counts", [](U64& a) { a[4] = a[3]; }));
    CHECK_FOUND(v, "order of their document frequencies");
    CHECK(v.finds_in_sequence("posting_offsets", [](U64& a) { a[4] = a[3]; }));
    CHECK(v.finds_in_sequence("posting_offsets", [](U64& a) { --a.back(); }));
    CHECK_FOUND(v, "posting offsets do not cover");
    CHECK(v.finds_in_sequence("posting_offsets", [](U64& a) { --a[kTerms - 1]; }));
    const auto longest = [](const Lists& lists) {
        return std::ranges::max_element(lists, {}, [](const PostingList& list) { return list.size(); }) -
               lists.begin();
    };
    CHECK(v.finds([&](TestSegment& segment) {  // a bit of the directory
        const auto sound = segment.open();
        Lists lists;
        for (std::uint32_t term = 0; term < sound->term_count(); ++term)
            lists.push_back(sound->postings(term));
        const auto term = static_cast<std::size_t>(longest(lists));
        CHECK(lists[term].size() > kBlockPostings);
        const EliasFano offsets(segment.file.array<std::uint64_t>("posting_offsets"));
        segment.file.bytes_of("posting_lists")[offsets.at(term) + 3] ^= 1;
    }));
    CHECK_FOUND(v, "the directory of a posting list does not fit its postings");
}

/// The postings and the forward index say the same thing twice; a difference is damage that validate should
/// see.
void test_validate_compares_both_directions() {
    Validation v(2);
    CHECK(v.finds_in_lists([](Lists& a) { a[3].codes[0] = a[3].codes[0] == 0 ? 1 : 0; }));
    CHECK_FOUND(v, "the forward index and the postings differ");
    CHECK(v.finds_in_lists([](Lists& a) {
        for (std::size_t i = 1; i < a[3].size(); ++i) {
            if (a[3].rows[i] > a[3].rows[i - 1] + 1) {
                --a[3].rows[i];
                return;
            }
        }
    }));
    CHECK_FOUND(v, "the forward index and the postings differ");
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
    test_validate_names_wrong_lists();
    test_validate_compares_both_directions();
    test_no_text_field();
    return rocchio::failures();
}
