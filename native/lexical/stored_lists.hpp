#pragma once
// Ranked lists that were found ahead, one for each pseudo-query: documents with scores of eight bits, in the
// order of documents, so that a document takes about log2(documents / length) + 10 bits.

#include <cstdint>
#include <span>
#include <vector>

#include "base/checked_file.hpp"
#include "codecs/elias_fano.hpp"
#include "lexical/builder.hpp"

namespace rocchio::lexical {

/// A document of a list. Documents are numbered over all segments; `code` is 255 times the score, never 0.
struct StoredEntry {
    std::uint32_t document;
    std::uint8_t code;
};

/// Lists as bytes (docs/formats/offline.md): list i has entries [offsets[i], offsets[i + 1]), documents
/// increasing and below `documents`; entries with a code below `least` are left out. Throws
/// std::invalid_argument.
EncodedItems encode_stored_lists(std::span<const std::uint64_t> offsets,
                                 std::span<const std::uint32_t> entry_documents,
                                 std::span<const std::uint8_t> codes, std::uint32_t documents,
                                 std::uint8_t least);

/// Lists over mapped arrays. Whatever the bytes are, the entries of a list are documents in increasing order
/// with codes above 0.
class StoredLists {
  public:
    /// Throws Corruption when the offsets do not end with the bytes.
    StoredLists(CheckedArray<std::uint8_t> bytes, codecs::EliasFano offsets, std::uint32_t documents);

    std::size_t size() const { return offsets_.size() - 1; }
    /// The number after that of the last document.
    std::uint32_t documents() const { return documents_; }

    /// Fills `entries` with a list. Throws Corruption.
    void read(std::size_t list, std::vector<StoredEntry>& entries) const;

    /// Reads every list. Throws Corruption.
    void validate() const;

  private:
    CheckedArray<std::uint8_t> bytes_;
    codecs::EliasFano offsets_;
    std::uint32_t documents_;
};

}  // namespace rocchio::lexical
