// Frozen columns: the same answers from the file as from the lists, and no harm from any bytes in it.

#include "tests/test_lexical_frozen_fixture.hpp"

namespace {

using namespace rocchio;
using namespace rocchio::testing;

constexpr std::uint32_t kTerms = 24;
constexpr Kernel kKernels[] = {Kernel::automatic, Kernel::pruned, Kernel::exhaustive};

bool same(const std::vector<Scored>& a, const std::vector<Scored>& b) {
    return std::ranges::equal(a, b, [](const Scored& x, const Scored& y) {
        return x.score == y.score && x.segment == y.segment && x.row == y.row;
    });
}

std::vector<Document> documents_with_rare_codes(std::size_t count) {
    std::mt19937 random(11);
    return random_documents(random, count, 2, kTerms, 280);
}

void test_answers_are_those_of_the_lists() {
    // with so many rows there are several windows and all three shapes of columns
    auto documents = documents_with_rare_codes(40'000);
    for (std::size_t i = 0; i < documents.size(); ++i) {
        if (i % 400 == 3) documents[i].fields[1].push_back(kTerms);      // blocks with a directory
        if (i % 600 == 5) documents[i].fields[1].push_back(kTerms + 1);  // entries alone
    }
    for (const Variant variant : {Variant::lucene, Variant::bm25l}) {
        const FrozenSegment frozen(documents, kTerms + 2, {variant, 0.9, 0.4, 0.5, 1.0});
        CHECK(frozen.frozen_terms() == kTerms + 2);
        MemoryFile file = frozen.file();
        const auto columns = FrozenSegment::open(file);
        columns->validate(*frozen.segment);
        const Searcher with = frozen.searcher(columns);
        const Searcher without = frozen.searcher({});
        CHECK(with.has_frozen(0) && !without.has_frozen(0));
        for (const Kernel kernel : kKernels) {
            CHECK(same(frozen.answers(with, kernel), frozen.answers(without, kernel)));
        }
        for (std::uint32_t term = 0; term < kTerms + 2; ++term) {
            CHECK(with.document_frequency(term_string(term)) ==
                  without.document_frequency(term_string(term)));
        }
        CHECK(with.memory_bytes() < without.memory_bytes() / 10);
    }
}

void test_another_scoring_is_not_served() {
    const auto documents = documents_with_rare_codes(400);
    const FrozenSegment frozen(documents, kTerms, {});
    const FrozenSegment other(documents, kTerms, {Variant::lucene, 1.2, 0.4, 0.5, 1.0});
    MemoryFile file = frozen.file();
    const auto columns = FrozenSegment::open(file);
    CHECK(frozen.searcher(columns).has_frozen(0));
    CHECK(!other.searcher(columns).has_frozen(0));
    MemoryFile empty = frozen.file();
    empty.put("made_for", std::vector<double>{});
    CHECK(!frozen.searcher(FrozenSegment::open(empty)).has_frozen(0));
}

void mutate(std::mt19937& random, MemoryFile& file) {
    const auto names = file.names();
    auto& bytes = file.bytes_of(names[random() % names.size()]);
    if (random() % 12 == 0) bytes.resize(random() % (bytes.size() + 40) / 8 * 8);
    if (bytes.empty()) return;
    // headers and first arrays decide most: half of the changes fall on the beginning
    const std::size_t place =
        random() % (random() % 2 ? bytes.size() : std::min<std::size_t>(bytes.size(), 600));
    const std::uint64_t extremes[] = {0, 1, 255, 0xFFFF, 0xFFFFFFFF, random() % 400, random()};
    const std::uint64_t value = extremes[random() % 7];
    const std::size_t width = std::size_t{1} << (random() % 4);
    for (std::size_t i = 0; i < width && place / width * width + i < bytes.size(); ++i) {
        bytes[place / width * width + i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
}

void test_hostile_files() {
    const auto documents = documents_with_rare_codes(900);
    const FrozenSegment sound(documents, kTerms, {});
    std::mt19937 random(5);
    int noticed = 0;
    constexpr int kRounds = 400;
    for (int round = 0; round < kRounds; ++round) {
        MemoryFile file = sound.file();
        for (std::size_t n = 1 + random() % 3; n > 0; --n) mutate(random, file);
        try {
            const auto columns = FrozenSegment::open(file);
            for (const Kernel kernel : kKernels) {
                for (const Scored& hit : sound.answers(sound.searcher(columns), kernel)) {
                    CHECK(hit.row < documents.size());
                }
            }
            columns->validate(*sound.segment);
        } catch (const Corruption&) {
            ++noticed;
        }
    }
    CHECK(noticed > kRounds * 9 / 10);
}

}  // namespace

int main() {
    test_answers_are_those_of_the_lists();
    test_another_scoring_is_not_served();
    test_hostile_files();
    return rocchio::failures();
}
