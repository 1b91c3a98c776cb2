#include <limits>
#include <random>
#include <thread>

#include "tests/test_lexical_fixture.hpp"

using namespace rocchio;
using rocchio::testing::chunk_checksums;

namespace {

constexpr std::size_t kMax = std::numeric_limits<std::size_t>::max();

std::vector<std::uint8_t> random_bytes(std::size_t size) {
    std::mt19937 random(7);
    std::vector<std::uint8_t> bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    return bytes;
}

void test_bounds() {
    const auto bytes = random_bytes(100);
    const CheckedFile file("f", bytes, chunk_checksums(bytes));
    file.ensure(0, 100);
    file.ensure(99, 100);
    file.ensure(100, 100);
    CHECK_THROWS(Corruption, file.ensure(0, 101));
    CHECK_THROWS(Corruption, file.ensure(5, 4));
    CHECK_THROWS(Corruption, file.ensure(0, kMax));
    CHECK_THROWS(Corruption, file.ensure(kMax - 1, kMax));
    CHECK(file.damaged_chunks().empty());
}

void test_number_of_checksums() {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, kChunkBytes - 1, kChunkBytes, kChunkBytes + 1}) {
        const auto bytes = random_bytes(size);
        auto sums = chunk_checksums(bytes);
        CHECK(sums.size() == chunk_count(size));
        CHECK(CheckedFile("f", bytes, sums).damaged_chunks().empty());
        sums.push_back(0);
        CHECK_THROWS(Corruption, CheckedFile("f", bytes, sums));
        if (size > 0) CHECK_THROWS(Corruption, CheckedFile("f", bytes, {}));
    }
}

/// Damage is found where it is, told with its place, and only by who touches it.
void test_damage() {
    auto bytes = random_bytes(70 * kChunkBytes + 123);
    const auto sums = chunk_checksums(bytes);
    bytes[3 * kChunkBytes + 17] ^= 1;
    bytes[65 * kChunkBytes] ^= 0x80;
    bytes.back() ^= 4;
    const CheckedFile file("some/file", bytes, sums);
    const std::vector<std::uint64_t> expected{3 * kChunkBytes, 65 * kChunkBytes, 70 * kChunkBytes};
    CHECK(file.damaged_chunks() == expected);
    file.ensure(0, 3 * kChunkBytes);
    file.ensure(4 * kChunkBytes, 65 * kChunkBytes);
    for (int again = 0; again < 2; ++again) {  // a damaged chunk is never taken for verified
        try {
            file.ensure(3 * kChunkBytes - 1, 3 * kChunkBytes + 1);
            CHECK(false);
        } catch (const Corruption& error) {
            CHECK(error.offset == 3 * kChunkBytes);
            CHECK(error.path == "some/file");
            CHECK(std::string_view(error.what()) == "checksum mismatch");
        }
    }
    CHECK_THROWS(Corruption, file.ensure(0, bytes.size()));
    CHECK_THROWS(Corruption, file.ensure(bytes.size() - 1, bytes.size()));
}

/// damaged_chunks reads everything again; ensure trusts what it verified.
void test_verified_once() {
    auto bytes = random_bytes(2 * kChunkBytes);
    const CheckedFile file("f", bytes, chunk_checksums(bytes));
    file.ensure(0, 1);
    bytes[5] ^= 1;
    file.ensure(0, 10);
    CHECK(file.damaged_chunks() == std::vector<std::uint64_t>{0});
}

void test_threads() {
    auto bytes = random_bytes(130 * kChunkBytes);
    const auto sums = chunk_checksums(bytes);
    bytes[100 * kChunkBytes] ^= 1;
    const CheckedFile file("f", bytes, sums);
    std::atomic<int> damaged{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (std::size_t chunk = 0; chunk < 130; ++chunk) {
                try {
                    file.ensure(chunk * kChunkBytes, chunk * kChunkBytes + 1);
                } catch (const Corruption&) {
                    ++damaged;
                }
            }
        });
    }
    for (auto& thread : threads) thread.join();
    CHECK(damaged == 4);
}

void test_arrays() {
    alignas(8) static std::uint8_t bytes[64];
    for (std::size_t i = 0; i < 64; ++i) bytes[i] = static_cast<std::uint8_t>(i);
    const auto file = std::make_shared<const CheckedFile>("f", bytes, chunk_checksums(bytes));
    const CheckedArray<std::uint64_t> words(file, 8, 7);
    CHECK(words.size() == 7);
    CHECK(words.at(0) == 0x0F0E0D0C0B0A0908u);
    CHECK(words.view(3, 7).size() == 4);
    CHECK(words.view(7, 7).empty());
    CHECK_THROWS(Corruption, words.at(7));
    CHECK_THROWS(Corruption, words.at(kMax));
    CHECK_THROWS(Corruption, words.view(3, 2));
    CHECK_THROWS(Corruption, words.view(0, 8));
    CHECK_THROWS(Corruption, words.view(kMax - 1, kMax));
    CHECK_THROWS(Corruption, CheckedArray<std::uint64_t>(file, 8, 8));
    CHECK_THROWS(Corruption, CheckedArray<std::uint64_t>(file, 0, kMax / 8 + 1));
    CHECK_THROWS(Corruption, CheckedArray<std::uint64_t>(file, kMax, 1));
    CHECK_THROWS(Corruption, CheckedArray<std::uint64_t>(file, 4, 1));
    CHECK_THROWS(Corruption, CheckedArray<std::uint32_t>(file, 2, 1));
    CHECK(CheckedArray<std::uint8_t>(file, 64, 0).all().empty());
    try {
        words.fail(2, "a reason");
        CHECK(false);
    } catch (const Corruption& error) {
        CHECK(error.offset == 8 + 2 * 8);
    }
}

}  // namespace

int main() {
    test_bounds();
    test_number_of_checksums();
    test_damage();
    test_verified_once();
    test_threads();
    test_arrays();
    return rocchio::failures();
}
