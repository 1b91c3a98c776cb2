// Bits and exponential-Golomb codes: what was written is read; what was not written is never read.

#include <memory>
#include <random>
#include <vector>

#include "codecs/bit_reader.hpp"
#include "codecs/bit_writer.hpp"
#include "codecs/exp_golomb.hpp"
#include "tests/check.hpp"

using namespace rocchio;
using namespace rocchio::codecs;

namespace {

/// A number of a random size: as often small as large.
std::uint64_t random_number(std::mt19937_64& random, unsigned most_bits) {
    const auto bits = static_cast<unsigned>(random() % (most_bits + 1));
    return bits == 0 ? 0 : random() >> (64 - bits);
}

void test_bits_round_trip() {
    std::mt19937_64 random(1);
    for (int round = 0; round < 300; ++round) {
        std::vector<std::pair<std::uint64_t, unsigned>> items;
        std::vector<std::uint8_t> bytes(static_cast<std::size_t>(random() % 3), 0xAA);
        const std::size_t before = bytes.size();
        BitWriter out(bytes);
        std::uint64_t written = 0;
        for (std::uint64_t n = random() % 200; n > 0; --n) {
            const auto width = static_cast<unsigned>(random() % (BitReader::kPeekBits + 1));
            const std::uint64_t value = width == 0 ? 0 : random() >> (64 - width);
            out.write(value, width);
            items.emplace_back(value, width);
            written += width;
        }
        out.finish();
        CHECK(bytes.size() == before + (written + 7) / 8);
        BitReader in{std::span(bytes).subspan(before)};
        for (const auto& [value, width] : items) CHECK(in.read(width) == value);
        CHECK(in.position() == written);
        CHECK(!in.overrun());
        CHECK(in.at_padding());
    }
}

void test_whole_words() {
    std::vector<std::uint8_t> bytes;
    BitWriter out(bytes);
    out.write(~std::uint64_t{0}, 64);
    out.write(5, 3);
    out.write(std::uint64_t{1} << 63, 64);
    out.finish();
    CHECK(bytes.size() == 17);
    BitReader in(bytes, 64);
    CHECK(in.read(3) == 5);
    in.seek(67 + 63);
    CHECK(in.read(1) == 1);
}

/// Buffers are exactly as long as their bits, so that a sanitizer sees a byte read past them.
void test_end() {
    for (std::size_t size = 0; size < 20; ++size) {
        const auto bytes = std::make_unique<std::uint8_t[]>(size);
        for (std::size_t i = 0; i < size; ++i) bytes[i] = 0xFF;
        const std::span<const std::uint8_t> all(bytes.get(), size);
        for (std::uint64_t position = 0; position < 8 * size + 70; ++position) {
            BitReader in(all, position);
            const std::uint64_t left = position < 8 * size ? 8 * size - position : 0;
            const std::uint64_t expected = left < 32 ? (std::uint64_t{1} << left) - 1 : 0xFFFFFFFF;
            CHECK((in.peek() & 0xFFFFFFFF) == expected);
            CHECK(in.overrun() == (position > 8 * size));
            CHECK(in.at_padding() == (position == 8 * size));
        }
    }
}

void test_padding() {
    const std::vector<std::uint8_t> bytes{0x0F, 0x01, 0x00};
    CHECK(!BitReader(bytes, 4).at_padding());
    CHECK(!BitReader(bytes, 9).at_padding());   // more than a byte is left
    CHECK(!BitReader(bytes, 16).at_padding());  // a whole byte is left
    CHECK(BitReader(bytes, 17).at_padding());
    CHECK(BitReader(bytes, 24).at_padding());
    CHECK(!BitReader(bytes, 25).at_padding());
    const std::vector<std::uint8_t> one{0x80};
    CHECK(!BitReader(one, 3).at_padding());
}

void test_known_codes() {
    std::vector<std::uint8_t> bytes;
    BitWriter out(bytes);
    for (const std::uint32_t value : {0u, 1u, 2u, 3u}) write_exp_golomb(out, value, 0);
    out.finish();
    // 1 | 01 0 | 01 1 | 001 00, first bit lowest
    CHECK(bytes == (std::vector<std::uint8_t>{0b0110'0101, 0b0000'0010}));
    BitReader in(bytes);
    CHECK(in.read(1) == 1);
    CHECK(in.read(3) == 0b010);
    CHECK(in.read(3) == 0b110);
    CHECK(in.read(5) == 0b00100);
    CHECK(exp_golomb_bits(0, 0) == 1);
    CHECK(exp_golomb_bits(2, 0) == 3);
    CHECK(exp_golomb_bits(7, 3) == 4);
    CHECK(exp_golomb_bits(8, 3) == 6);
    CHECK(exp_golomb_bits(0xFFFFFFFF, 0) == 65);
    CHECK(exp_golomb_bits(0xFFFFFFFF, 31) == 34);
}

void test_exp_golomb_round_trip() {
    std::mt19937_64 random(2);
    for (unsigned order = 0; order <= kMaxOrder; ++order) {
        std::vector<std::uint32_t> values{0, 1, 0xFFFFFFFF, 0xFFFFFFFE, 0x80000000, 0x7FFFFFFF};
        for (int i = 0; i < 300; ++i) values.push_back(static_cast<std::uint32_t>(random_number(random, 32)));
        std::vector<std::uint8_t> bytes;
        BitWriter out(bytes);
        std::uint64_t bits = 0;
        for (const std::uint32_t value : values) {
            write_exp_golomb(out, value, order);
            bits += exp_golomb_bits(value, order);
        }
        out.finish();
        CHECK(bytes.size() == (bits + 7) / 8);
        BitReader in(bytes);
        for (const std::uint32_t value : values) CHECK(read_exp_golomb(in, order) == value);
        CHECK(in.position() == bits);
        CHECK(in.at_padding());
    }
}

/// Pairs are read as two numbers are, on sound bytes and on any others.
void test_pairs() {
    std::mt19937_64 random(4);
    for (int round = 0; round < 3000; ++round) {
        const auto order = static_cast<unsigned>(random() % 32);
        std::vector<std::uint8_t> bytes;
        BitWriter out(bytes);
        for (int i = 0; i < 20; ++i) {
            write_exp_golomb(out, static_cast<std::uint32_t>(random_number(random, 32)), order);
            write_exp_golomb(out, static_cast<std::uint32_t>(random_number(random, random() % 33)), 0);
        }
        out.finish();
        if (round % 2) {
            for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() & random() & random());
        }
        BitReader pairs(bytes);
        BitReader numbers(bytes);
        for (int i = 0; i < 25; ++i) {
            const auto [first, second] = read_exp_golomb_pair(pairs, order);
            CHECK(first == read_exp_golomb(numbers, order));
            CHECK(second == read_exp_golomb(numbers, 0));
            CHECK(pairs.position() == numbers.position());
        }
    }
}

/// Any bytes read as codes: numbers, kNoNumber or an overrun, but no byte past the end.
void test_any_bytes() {
    std::mt19937_64 random(3);
    for (int round = 0; round < 2000; ++round) {
        const std::size_t size = random() % 24;
        const auto bytes = std::make_unique<std::uint8_t[]>(size);
        for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(random() & random());
        BitReader in({bytes.get(), size});
        const auto order = static_cast<unsigned>(random() % 32);
        int numbers = 0;
        while (!in.overrun() && read_exp_golomb(in, order) != kNoNumber) ++numbers;
        CHECK(numbers <= static_cast<int>(8 * size));
    }
}

}  // namespace

int main() {
    test_bits_round_trip();
    test_whole_words();
    test_end();
    test_padding();
    test_known_codes();
    test_exp_golomb_round_trip();
    test_pairs();
    test_any_bytes();
    return rocchio::failures();
}
