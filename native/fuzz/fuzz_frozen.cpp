// Frozen columns that were changed as the input says, with checksums that fit: a search returns rows that are
// there, and validate returns or throws Corruption. The input is a list of edits: array, place, width, value.

#include <cstdint>
#include <cstdlib>

#include "fuzz/input.hpp"
#include "tests/test_lexical_frozen_fixture.hpp"

namespace {

using namespace rocchio;
using namespace rocchio::testing;
using rocchio::fuzz::Input;

constexpr std::uint32_t kTerms = 12;

const std::vector<Document>& documents() {
    static std::mt19937 random(3);
    static const auto all = random_documents(random, 600, 2, kTerms, 270);
    return all;
}

void edit(Input& input, MemoryFile& file) {
    const auto names = file.names();
    auto& bytes = file.bytes_of(names[input.take(1) % names.size()]);
    const std::size_t width = std::size_t{1} << (input.take(1) % 5);
    const std::size_t place = input.take(3);
    if (width == 16) {
        bytes.resize(std::min<std::size_t>(bytes.size() + 64, place) / 8 * 8);
        return;
    }
    if (bytes.empty()) return;
    const std::uint64_t value = input.take(width);
    const std::size_t at = place % bytes.size() / width * width;
    for (std::size_t i = 0; i < width && at + i < bytes.size(); ++i) {
        bytes[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const FrozenSegment sound(documents(), kTerms, {});
    Input input{data, size};
    MemoryFile file = sound.file();
    for (int edits = 0; edits < 8 && input.left > 0; ++edits) edit(input, file);
    try {
        const auto columns = FrozenSegment::open(file);
        for (const Kernel kernel : {Kernel::automatic, Kernel::pruned, Kernel::exhaustive}) {
            for (const Scored& hit : sound.answers(sound.searcher(columns), kernel)) {
                if (hit.row >= documents().size()) std::abort();
            }
        }
        columns->validate(*sound.segment);
    } catch (const Corruption&) {
    }
    return 0;
}
