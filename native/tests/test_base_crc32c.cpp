#include <memory>
#include <random>
#include <string_view>
#include <vector>

#include "base/crc32c.hpp"
#include "tests/check.hpp"

using namespace rocchio;

namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Values published in RFC 3720, appendix B.4, and the usual check value of CRC-32C.
void test_published_values() {
    const auto both = [](std::span<const std::uint8_t> data, std::uint32_t expected) {
        CHECK(crc32c(data) == expected);
        CHECK(crc32c_reference(data) == expected);
    };
    both(bytes_of("123456789"), 0xE3069283u);
    both(bytes_of(""), 0u);
    both(std::vector<std::uint8_t>(32, 0x00), 0x8A9136AAu);
    both(std::vector<std::uint8_t>(32, 0xFF), 0x62A8AB43u);
    std::vector<std::uint8_t> up;
    std::vector<std::uint8_t> down;
    for (std::uint8_t i = 0; i < 32; ++i) {
        up.push_back(i);
        down.push_back(static_cast<std::uint8_t>(31 - i));
    }
    both(up, 0x46DD794Eu);
    both(down, 0x113FDB5Cu);
}

/// Every length and alignment; the buffer ends where the data ends, so that a sanitizer sees a byte too much.
void test_lengths_and_alignments() {
    std::mt19937 random(1);
    for (std::size_t length = 0; length < 200; ++length) {
        for (std::size_t shift = 0; shift < 9; ++shift) {
            const auto data = std::make_unique<std::uint8_t[]>(shift + length);
            for (std::size_t i = 0; i < shift + length; ++i) data[i] = static_cast<std::uint8_t>(random());
            const std::span<const std::uint8_t> view{data.get() + shift, length};
            const auto start = static_cast<std::uint32_t>(random());
            CHECK(crc32c(view) == crc32c_reference(view));
            CHECK(crc32c(view, start) == crc32c_reference(view, start));
        }
    }
}

void test_pieces_continue() {
    std::mt19937 random(2);
    std::vector<std::uint8_t> data(1000);
    for (auto& byte : data) byte = static_cast<std::uint8_t>(random());
    const std::span<const std::uint8_t> all(data);
    for (std::size_t cut = 0; cut <= data.size(); cut += 7) {
        CHECK(crc32c(all.subspan(cut), crc32c(all.first(cut))) == crc32c(all));
    }
}

void test_every_flipped_bit_changes_it() {
    std::vector<std::uint8_t> data(100, 0x5A);
    const std::uint32_t before = crc32c(data);
    for (std::size_t bit = 0; bit < data.size() * 8; ++bit) {
        data[bit / 8] = static_cast<std::uint8_t>(data[bit / 8] ^ (1u << (bit % 8)));
        CHECK(crc32c(data) != before);
        data[bit / 8] = static_cast<std::uint8_t>(data[bit / 8] ^ (1u << (bit % 8)));
    }
}

}  // namespace

int main() {
    test_published_values();
    test_lengths_and_alignments();
    test_pieces_continue();
    test_every_flipped_bit_changes_it();
    return rocchio::failures();
}
