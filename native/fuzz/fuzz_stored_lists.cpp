// Any bytes as stored lists, with offsets from the input: entries keep their bounds, and a list that was read
// is what writing it again gives back.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "fuzz/input.hpp"
#include "lexical/stored_lists.hpp"
#include "tests/test_lexical_fixture.hpp"

namespace {

using namespace rocchio;
using namespace rocchio::lexical;
using namespace rocchio::testing;
using rocchio::fuzz::Input;

void read_all(const StoredLists& stored, std::span<const std::uint8_t> bytes,
              std::span<const std::uint64_t> offsets) {
    std::vector<StoredEntry> entries;
    for (std::size_t list = 0; list < stored.size(); ++list) {
        try {
            stored.read(list, entries);
        } catch (const Corruption&) {
            continue;
        }
        std::vector<std::uint32_t> documents;
        std::vector<std::uint8_t> codes;
        for (const StoredEntry& entry : entries) {
            documents.push_back(entry.document);
            codes.push_back(entry.code);
        }
        const std::vector<std::uint64_t> ends{0, entries.size()};
        // throws for documents that do not increase
        const EncodedItems again = encode_stored_lists(ends, documents, codes, stored.documents(), 1);
        const auto read = bytes.subspan(offsets[list], offsets[list + 1] - offsets[list]);
        if (!std::ranges::equal(again.bytes, read)) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input{data, size};
    const auto documents = static_cast<std::uint32_t>(1 + input.take(1 + input.take(1) % 4) % 0xFFFFFFFE);
    std::vector<std::uint64_t> offsets{0};
    for (std::uint64_t lists = input.take(1) % 8; lists > 0; --lists) offsets.push_back(input.take(1));
    const std::vector<std::uint8_t> bytes(input.data, input.data + input.left);
    for (std::uint64_t& offset : offsets) offset = std::min<std::uint64_t>(offset, bytes.size());
    offsets.push_back(bytes.size());
    std::ranges::sort(offsets);
    MemoryFile file;
    file.put("lists", bytes);
    file.put("list_offsets", encode_elias_fano(offsets));
    file.seal();
    read_all(
        {file.array<std::uint8_t>("lists"), EliasFano(file.array<std::uint64_t>("list_offsets")), documents},
        bytes, offsets);
    return 0;
}
