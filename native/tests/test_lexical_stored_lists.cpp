// Stored lists: what is written comes back, sums are those of a map, and no bytes do harm.

#include <cmath>
#include <map>

#include "lexical/offline_feedback.hpp"
#include "tests/test_lexical_fixture.hpp"

namespace {

using namespace rocchio;
using namespace rocchio::lexical;
using namespace rocchio::testing;

constexpr std::uint32_t kDocuments = 300;

/// Lists as arrays, random ones or by hand.
struct Lists {
    std::vector<std::uint64_t> offsets{0};
    std::vector<std::uint32_t> documents;
    std::vector<std::uint8_t> codes;

    static Lists random(std::mt19937& random, std::size_t count) {
        Lists lists;
        for (std::size_t list = 0; list < count; ++list) {
            for (std::uint32_t document = random() % 40; document < kDocuments;
                 document += 1 + random() % 40) {
                lists.documents.push_back(document);
                lists.codes.push_back(static_cast<std::uint8_t>(1 + random() % 255));
            }
            if (random() % 5 == 0) {
                lists.documents.resize(lists.offsets.back());
                lists.codes.resize(lists.offsets.back());
            }
            lists.offsets.push_back(lists.documents.size());
        }
        return lists;
    }
    MemoryFile file(std::uint8_t least) const {
        const EncodedItems items = encode_stored_lists(offsets, documents, codes, kDocuments, least);
        MemoryFile made;
        made.put("lists", items.bytes);
        made.put("list_offsets", encode_elias_fano(items.offsets));
        made.seal();
        return made;
    }
};

StoredLists open(const MemoryFile& file) {
    return {file.array<std::uint8_t>("lists"), EliasFano(file.array<std::uint64_t>("list_offsets")),
            kDocuments};
}

void test_lists_come_back(std::mt19937& random) {
    for (const std::uint8_t least : {0, 1, 100, 255}) {
        const Lists lists = Lists::random(random, 50);
        const MemoryFile file = lists.file(least);
        const StoredLists stored = open(file);
        stored.validate();
        CHECK(stored.size() == 50);
        std::vector<StoredEntry> entries;
        for (std::size_t list = 0; list < stored.size(); ++list) {
            stored.read(list, entries);
            std::size_t place = 0;
            for (std::uint64_t i = lists.offsets[list]; i < lists.offsets[list + 1]; ++i) {
                if (lists.codes[i] < least) continue;
                CHECK(place < entries.size() && entries[place].document == lists.documents[i]);
                CHECK(entries[place].code == lists.codes[i]);
                ++place;
            }
            CHECK(place == entries.size());
        }
    }
}

void test_sums(std::mt19937& random) {
    const Lists lists = Lists::random(random, 30);
    const MemoryFile file = lists.file(1);
    const auto stored = std::make_shared<const StoredLists>(open(file));
    TestSegment first(random_documents(random, 100, 1, 5, 3), 1, 5);
    TestSegment second(random_documents(random, 200, 1, 5, 3), 1, 5);
    const OfflineFeedback feedback(stored, {first.open(), second.open()}, {4, 0});
    const std::vector<std::uint64_t> offsets{0, 3, 3, 5};
    const std::vector<std::uint32_t> numbers{7, 2, 9, 1, 1};
    const std::vector<float> scores{3.5f, 3.0f, -1.0f, 2.0f, 2.0f};
    const BatchResult found = feedback.combine({offsets, numbers, scores}, 1000, {});
    CHECK(found.offsets.size() == 4 && found.offsets[1] == found.offsets[2]);
    std::map<std::uint32_t, double> expected;
    double total = 0.0;
    for (int i = 0; i < 3; ++i) total += std::exp(scores[i] - 3.5);
    for (int i = 0; i < 3; ++i) {
        for (std::uint64_t e = lists.offsets[numbers[i]]; e < lists.offsets[numbers[i] + 1]; ++e) {
            expected[lists.documents[e]] += std::exp(scores[i] - 3.5) / total * (lists.codes[e] / 255.0);
        }
    }
    CHECK(found.offsets[1] == expected.size());
    for (std::uint64_t i = 0; i < found.offsets[1]; ++i) {
        const Scored& hit = found.hits[i];
        CHECK(hit.segment == (hit.segment == 0 ? 0 : 4));
        const std::uint32_t document = hit.row + (hit.segment == 4 ? 0 : 100);
        CHECK(std::abs(hit.score - expected.at(document)) < 1e-6);
        CHECK(i == 0 || found.hits[i - 1].score >= hit.score);
    }
    std::vector<std::uint8_t> none(bitmap_bytes(100), 0);
    const AllowedRows masks[] = {none, {}};
    for (const Scored& hit : feedback.combine({offsets, numbers, scores}, 5, masks).hits)
        CHECK(hit.segment == 0);
}

void test_bytes_made_to_hurt(std::mt19937& random) {
    std::vector<StoredEntry> entries;
    for (int round = 0; round < 3000; ++round) {
        MemoryFile file = Lists::random(random, 8).file(1);
        for (const auto& name : file.names()) {
            if (random() % 2 == 0) mutate(random, file.bytes_of(name));
        }
        file.seal();
        try {
            const StoredLists stored = open(file);
            for (std::size_t list = 0; list < std::min<std::size_t>(stored.size(), 20); ++list) {
                stored.read(list, entries);
                for (std::size_t i = 0; i < entries.size(); ++i) {
                    CHECK(entries[i].document < kDocuments && entries[i].code > 0);
                    CHECK(i == 0 || entries[i - 1].document < entries[i].document);
                }
            }
        } catch (const Corruption&) {
        }
    }
}

}  // namespace

int main() {
    std::mt19937 random(5);
    test_lists_come_back(random);
    test_sums(random);
    test_bytes_made_to_hurt(random);
    return failures();
}
