#include "lexical/stored_lists.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>

#include "codecs/exp_golomb.hpp"

namespace rocchio::lexical {
namespace {

using codecs::BitReader;
using codecs::BitWriter;

constexpr unsigned kLengthOrder = 6;
constexpr unsigned kCodeBits = 8;

/// Gaps between the documents of a list are about documents / length.
unsigned gap_order(std::uint32_t documents, std::uint64_t length) {
    return static_cast<unsigned>(std::bit_width(documents / std::max<std::uint64_t>(length, 1) | 1)) - 1;
}

void check_entries(std::span<const std::uint64_t> offsets, std::span<const std::uint32_t> entry_documents,
                   std::span<const std::uint8_t> codes, std::uint32_t documents) {
    if (offsets.empty() || offsets.front() != 0 || !std::ranges::is_sorted(offsets) ||
        offsets.back() != entry_documents.size() || codes.size() != entry_documents.size()) {
        throw std::invalid_argument("expected increasing offsets that cover documents and codes");
    }
    for (std::size_t list = 0; list + 1 < offsets.size(); ++list) {
        for (std::uint64_t i = offsets[list]; i < offsets[list + 1]; ++i) {
            if (entry_documents[i] >= documents ||
                (i > offsets[list] && entry_documents[i] <= entry_documents[i - 1])) {
                throw std::invalid_argument("expected the documents of a list to increase");
            }
        }
    }
}

}  // namespace

EncodedItems encode_stored_lists(std::span<const std::uint64_t> offsets,
                                 std::span<const std::uint32_t> entry_documents,
                                 std::span<const std::uint8_t> codes, std::uint32_t documents,
                                 std::uint8_t least) {
    check_entries(offsets, entry_documents, codes, documents);
    least = std::max<std::uint8_t>(least, 1);
    EncodedItems items;
    BitWriter out(items.bytes);
    for (std::size_t list = 0; list + 1 < offsets.size(); ++list) {
        const auto kept = codes.subspan(offsets[list], offsets[list + 1] - offsets[list]);
        const auto length = std::ranges::count_if(kept, [&](std::uint8_t code) { return code >= least; });
        if (length > 0) {
            const unsigned order = gap_order(documents, static_cast<std::uint64_t>(length));
            codecs::write_exp_golomb(out, static_cast<std::uint32_t>(length), kLengthOrder);
            std::uint32_t next = 0;
            for (std::uint64_t i = offsets[list]; i < offsets[list + 1]; ++i) {
                if (codes[i] < least) continue;
                codecs::write_exp_golomb(out, entry_documents[i] - next, order);
                out.write(codes[i], kCodeBits);
                next = entry_documents[i] + 1;
            }
            out.finish();
        }
        items.end_item();
    }
    return items;
}

StoredLists::StoredLists(CheckedArray<std::uint8_t> bytes, codecs::EliasFano offsets, std::uint32_t documents)
    : bytes_(std::move(bytes)), offsets_(std::move(offsets)), documents_(documents) {
    if (offsets_.size() == 0 || offsets_.largest() != bytes_.size()) {
        offsets_.fail("the lists do not end where their bytes end");
    }
}

void StoredLists::read(std::size_t list, std::vector<StoredEntry>& entries) const {
    entries.clear();
    const auto [begin, end] = offsets_.pair(list);
    if (begin == end) return;
    BitReader in(bytes_.view(begin, end));
    const std::uint64_t length = codecs::read_exp_golomb(in, kLengthOrder);
    // an entry takes more than kCodeBits, so a length that is a lie reserves no more than the file has
    if (length == 0 || length > (end - begin) * 8 / kCodeBits)
        bytes_.fail(begin, "a list has no such length");
    const unsigned order = gap_order(documents_, length);
    entries.reserve(length);
    std::uint64_t next = 0;
    for (std::uint64_t i = 0; i < length; ++i) {
        const std::uint64_t document = next + codecs::read_exp_golomb(in, order);
        const auto code = static_cast<std::uint8_t>(in.read(kCodeBits));
        if (document >= documents_ || code == 0) bytes_.fail(begin, "a list has an impossible entry");
        entries.push_back({static_cast<std::uint32_t>(document), code});
        next = document + 1;
    }
    if (!in.at_padding()) bytes_.fail(begin, "a list does not end with its entries");
}

void StoredLists::validate() const {
    std::vector<StoredEntry> entries;
    std::uint64_t begin = 0;
    for (std::size_t list = 0; list < size(); ++list) {
        const auto [first, last] = offsets_.pair(list);
        if (first != begin) offsets_.fail("lists do not follow each other");
        read(list, entries);
        begin = last;
    }
}

}  // namespace rocchio::lexical
