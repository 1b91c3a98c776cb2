// Any bytes as what the codecs read: numbers, pairs, sequences, packed numbers, posting lists, rows. Whatever
// is returned keeps its bounds, and what was decoded whole is what encoding it again gives back.

#include <cstdlib>
#include <cstring>

#include "codecs/exp_golomb.hpp"
#include "lexical/forward_codec.hpp"
#include "tests/test_lexical_fixture.hpp"

namespace {

using namespace rocchio;
using namespace rocchio::testing;

constexpr std::uint32_t kRows = 5000;
constexpr std::uint64_t kCodes = 9;

void require(bool holds) {
    if (!holds) std::abort();
}

void numbers(std::span<const std::uint8_t> bytes, unsigned order) {
    BitReader singles(bytes);
    BitReader pairs(bytes);
    while (!singles.overrun()) {
        const auto [first, second] = read_exp_golomb_pair(pairs, order);
        require(first == read_exp_golomb(singles, order));
        require(second == read_exp_golomb(singles, 0));
        if (first == kNoNumber || second == kNoNumber) break;
    }
}

void sequence(const MemoryFile& file) {
    const EliasFano sequence(file.array<std::uint64_t>("bytes"));
    for (std::size_t i = 0; i + 1 < sequence.size(); ++i) {
        const auto [first, second] = sequence.pair(i);
        require(first <= second && second <= sequence.largest() && sequence.at(i) == first);
    }
}

void postings(const CheckedArray<std::uint8_t>& bytes, std::uint64_t count) {
    const EncodedPostings encoded(bytes, 0, bytes.size(), count, kRows, kCodes);
    for (std::uint32_t row = 0; row < kRows; row += 101) {
        try {
            require(encoded.find(row).value_or(0) < kCodes);
        } catch (const Corruption&) {
        }
    }
    const PostingList list = encoded.decode();
    require(list.size() == count && list.rows.back() < kRows && std::ranges::max(list.codes) < kCodes);
    require(std::ranges::adjacent_find(list.rows, std::greater_equal<>()) == list.rows.end());
    for (std::size_t i = 0; i < count; ++i) require(encoded.find(list.rows[i]) == list.codes[i]);
}

void row(const CheckedArray<std::uint8_t>& bytes) {
    std::vector<std::uint64_t> ranks;
    decode_row(bytes, 0, bytes.size(), kRows, kCodes, ranks);
    std::vector<std::uint8_t> again;
    encode_row(ranks, again);
    require(std::ranges::equal(again, bytes.all()));
}

template <typename Call>
void attempt(Call&& call) {
    try {
        call();
    } catch (const Corruption&) {
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 4) return 0;
    const std::uint64_t count = data[0] + 256 * (data[1] % 4);
    const unsigned order = data[2] % 32;
    MemoryFile file;
    file.put("bytes", std::vector<std::uint8_t>(data + 3, data + size));
    file.seal();
    const auto bytes = file.array<std::uint8_t>("bytes");
    numbers(bytes.all(), order);
    attempt([&] { sequence(file); });
    attempt([&] { require(Packed(bytes, 0, count).all().size() == count); });
    attempt([&] { postings(bytes, count); });
    attempt([&] { row(bytes); });
    return 0;
}
