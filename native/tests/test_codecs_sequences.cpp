// Sequences of numbers and strings over checked files: round trips, bounds, and bytes made to hurt.

#include <stdexcept>

#include "tests/test_lexical_fixture.hpp"

using namespace rocchio;
using namespace rocchio::testing;

namespace {

using U32 = std::vector<std::uint32_t>;
using U64 = std::vector<std::uint64_t>;

constexpr std::uint64_t kMax = ~std::uint64_t{0};

/// Opens words as a sequence; the file lives as long as this object.
struct SequenceFile {
    explicit SequenceFile(const U64& words) {
        file.put("words", words);
        file.seal();
    }
    EliasFano open() const { return EliasFano(file.array<std::uint64_t>("words")); }

    MemoryFile file;
};

void check_sequence(const U64& values) {
    const SequenceFile file(encode_elias_fano(values));
    const EliasFano sequence = file.open();
    CHECK(sequence.size() == values.size());
    CHECK(sequence.largest() == (values.empty() ? 0 : values.back()));
    for (std::size_t i = 0; i < values.size(); ++i) {
        CHECK(sequence.at(i) == values[i]);
        if (i > 0) CHECK(sequence.pair(i - 1) == std::pair(values[i - 1], values[i]));
    }
    CHECK_THROWS(Corruption, sequence.at(values.size()));
    CHECK_THROWS(Corruption, sequence.at(kMax));
    CHECK_THROWS(Corruption, sequence.pair(values.empty() ? 0 : values.size() - 1));
    CHECK_THROWS(Corruption, sequence.pair(kMax));
}

void test_sequences() {
    check_sequence({});
    check_sequence({0});
    check_sequence({kMax});
    check_sequence({0, kMax});
    check_sequence({kMax, kMax, kMax});
    check_sequence({0, 0, 0, 5, 5, 5, 1'000'000'000'000});
    check_sequence(U64(1000, 0));
    check_sequence(U64(1000, 77));
    std::mt19937_64 random(4);
    for (int round = 0; round < 200; ++round) {
        U64 values(random() % 2000);
        const auto bits = static_cast<unsigned>(1 + random() % 40);
        std::uint64_t next = 0;
        for (std::uint64_t& value : values) {
            next += random() % 9 == 0 ? random() >> (64 - bits) : random() % 3;
            value = next;
        }
        check_sequence(values);
    }
    CHECK_THROWS(std::invalid_argument, encode_elias_fano(U64{1, 0}));
}

/// About 2 + log2(largest / count) bits a number, as promised.
void test_size_of_sequences() {
    std::mt19937_64 random(5);
    U64 values(100'000);
    for (std::uint64_t& value : values) value = random() % 10'000'000;
    std::ranges::sort(values);
    CHECK(encode_elias_fano(values).size() * 64 < values.size() * 9);
}

void test_hostile_sequences() {
    std::mt19937_64 random(6);
    U64 values(700);
    for (std::uint64_t& value : values) value = random() % 100'000;
    std::ranges::sort(values);
    const U64 sound = encode_elias_fano(values);
    int noticed = 0;
    for (int round = 0; round < 3000; ++round) {
        U64 words = sound;
        const std::size_t place = random() % (round % 3 == 0 ? 2 : words.size());
        const std::uint64_t extremes[] = {0, 1, kMax, kMax / 2, std::uint64_t{1} << 58, random()};
        words[place] =
            round % 2 ? extremes[random() % 6] : words[place] ^ std::uint64_t{1} << (random() % 64);
        if (round % 7 == 0) words.resize(random() % words.size());
        const SequenceFile file(words);
        try {
            const EliasFano sequence = file.open();
            for (std::size_t i = 0; i + 1 < sequence.size(); ++i) {
                const auto [first, second] = sequence.pair(i);
                CHECK(first <= second && second <= sequence.largest());
                CHECK(sequence.at(i) <= sequence.largest());
            }
        } catch (const Corruption&) {
            ++noticed;
        }
    }
    CHECK(noticed > 1500);
}

void test_packed() {
    std::mt19937_64 random(7);
    for (unsigned width = 0; width <= 32; ++width) {
        U32 values(random() % 100);
        for (std::uint32_t& value : values) {
            value = width == 0 ? 0 : static_cast<std::uint32_t>(random() >> (64 - width));
        }
        MemoryFile file;
        std::vector<std::uint8_t> bytes(3, 0xFF);
        const auto encoded = encode_packed(values);
        bytes.insert(bytes.end(), encoded.begin(), encoded.end());
        file.put("bytes", bytes);
        file.seal();
        const Packed packed(file.array<std::uint8_t>("bytes"), 3, values.size());
        CHECK(packed.size() == values.size());
        CHECK(packed.ends_array());
        CHECK(packed.all() == values);
        for (std::size_t i = 0; i < values.size(); ++i) CHECK(packed.at(i) == values[i]);
        CHECK_THROWS(Corruption, packed.at(values.size()));
        CHECK_THROWS(Corruption, packed.at(kMax));
        CHECK_THROWS(Corruption, Packed(file.array<std::uint8_t>("bytes"), bytes.size(), 0));
        if (encoded[0] > 0) {
            CHECK_THROWS(Corruption, Packed(file.array<std::uint8_t>("bytes"), 3, values.size() + 9));
            CHECK_THROWS(Corruption, Packed(file.array<std::uint8_t>("bytes"), 3, kMax));
        }
        CHECK_THROWS(Corruption, Packed(file.array<std::uint8_t>("bytes"), 0, 1));  // 255 bits wide
    }
}

void test_strings() {
    MemoryFile file;
    file.put("bytes", std::vector<std::uint8_t>{'a', 'b', 'c', 'd'});
    file.put("offsets", encode_elias_fano(U64{0, 1, 1, 4}));
    file.put("beyond", encode_elias_fano(U64{0, 3, 5}));
    file.put("none", encode_elias_fano(U64{}));
    file.seal();
    const auto open = [&](const char* name) {
        return CheckedStrings(file.array<std::uint8_t>("bytes"), EliasFano(file.array<std::uint64_t>(name)));
    };
    const CheckedStrings strings = open("offsets");
    CHECK(strings.size() == 3);
    CHECK(strings.covers_bytes());
    CHECK(strings.at(0) == "a");
    CHECK(strings.at(1).empty());
    CHECK(strings.at(2) == "bcd");
    CHECK_THROWS(Corruption, strings.at(3));
    CHECK(open("beyond").at(0) == "abc");
    CHECK_THROWS(Corruption, open("beyond").at(1));
    CHECK(!open("beyond").covers_bytes());
    CHECK(open("none").size() == 0);
    CHECK_THROWS(Corruption, open("none").at(0));
}

}  // namespace

int main() {
    test_sequences();
    test_size_of_sequences();
    test_hostile_sequences();
    test_packed();
    test_strings();
    return rocchio::failures();
}
