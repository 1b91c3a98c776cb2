// An index of vectors that was changed as the input says, with checksums that fit: opening it throws
// Corruption, or searches return rows that are there. The input is what to search for, then a list of edits:
// array, place, width, value.

#include <cstdint>
#include <cstdlib>

#include "fuzz/input.hpp"
#include "tests/test_dense_fixture.hpp"

namespace {

using namespace rocchio;
using namespace rocchio::testing;
using rocchio::fuzz::Input;

constexpr std::size_t kRows = 200, kDim = 10, kLists = 6;

TestIndex sound(Metric metric) {
    std::mt19937 random(3);
    return {metric, kDim, clustered_vectors(random, kRows, kDim, 5), kLists};
}

void edit(Input& input, MemoryFile& file) {
    const auto names = file.names();
    auto& bytes = file.bytes_of(names[input.take(1) % names.size()]);
    const std::size_t width = std::size_t{1} << (input.take(1) % 5);
    const std::size_t place = input.take(3);
    if (width == 16) {
        bytes.resize(std::min<std::size_t>(bytes.size() + 64, place) / 4 * 4);
        return;
    }
    if (bytes.empty()) return;
    const std::uint64_t value = input.take(width);
    const std::size_t at = place % bytes.size() / width * width;
    for (std::size_t i = 0; i < width && at + i < bytes.size(); ++i)
        bytes[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

void check_rows(const VectorResults& results, std::size_t rows) {
    for (const std::int64_t row : results.rows)
        if (row < -1 || row >= static_cast<std::int64_t>(rows)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const TestIndex indexes[] = {sound(Metric::inner_product), sound(Metric::cosine),
                                        sound(Metric::l2)};
    Input input{data, size};
    TestIndex test = indexes[input.take(1) % 3];
    const std::size_t k = 1 + input.take(1);
    const Effort effort{1 + input.take(1) % 8, input.take(2), input.take(2)};
    std::vector<std::uint8_t> mask(bitmap_bytes(kRows));
    for (std::uint8_t& byte : mask) byte = static_cast<std::uint8_t>(input.take(1));
    std::vector<float> queries(2 * kDim);
    for (float& value : queries) value = static_cast<float>(input.take(1)) - 128.0f;
    for (int edits = 0; edits < 8 && input.left > 0; ++edits) edit(input, test.file);
    const std::size_t parts =
        input.take(1) % 5;  // what is read: nothing, or of codes and lists neither, one, both
    const auto cache = parts == 0 ? nullptr : std::make_shared<PageCache>(16 * 5000);
    try {
        const auto index = test.open({parts % 2 == 0, parts < 3}, cache);
        check_rows(index->exact({queries, k, std::nullopt}), index->rows());
        for (const std::uint32_t row : index->listed_rows())
            if (row >= index->rows()) std::abort();
        if (index->rows() == kRows) check_rows(index->exact({queries, k, mask}), kRows);
        if (index->lists() == 0) return 0;
        check_rows(index->search({queries, k, std::nullopt}, effort), index->rows());
        if (index->rows() == kRows) check_rows(index->search({queries, k, mask}, effort), kRows);
    } catch (const Corruption&) {
    }
    return 0;
}
