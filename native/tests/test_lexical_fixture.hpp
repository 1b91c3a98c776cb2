#pragma once
// Segments in memory for tests: built arrays laid out in one buffer, as a file would hold them, with computed
// checksums, so that any array can be changed and still carry a checksum that fits.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bitmap.hpp"
#include "base/checked_file.hpp"
#include "base/crc32c.hpp"
#include "base/errors.hpp"
#include "codecs/elias_fano.hpp"
#include "codecs/packed.hpp"
#include "lexical/builder.hpp"
#include "lexical/merger.hpp"
#include "lexical/searcher.hpp"
#include "tests/check.hpp"
#include "tests/memory_file.hpp"

namespace rocchio::testing {

using namespace rocchio::codecs;
using namespace rocchio::lexical;

/// A document: for each field the term numbers in it, repeated as often as they stand there.
struct Document {
    std::string doc_id;
    std::vector<std::vector<std::uint32_t>> fields;
};

inline std::string term_string(std::uint32_t term) {
    return "t" + std::to_string(term);
}

inline BuiltSegment build(const std::vector<Document>& documents, std::size_t field_count,
                          std::uint32_t terms) {
    SegmentBuilder builder(field_count);
    std::vector<std::vector<std::uint32_t>> ids(field_count);
    std::vector<std::vector<std::int64_t>> offsets(field_count, {0});
    for (const Document& document : documents) {
        for (std::size_t f = 0; f < field_count; ++f) {
            ids[f].insert(ids[f].end(), document.fields[f].begin(), document.fields[f].end());
            offsets[f].push_back(static_cast<std::int64_t>(ids[f].size()));
        }
    }
    std::vector<FieldTerms> fields;
    for (std::size_t f = 0; f < field_count; ++f) fields.push_back({ids[f], offsets[f]});
    builder.add(fields, terms);
    std::vector<std::string> strings;
    for (std::uint32_t term = 0; term < terms; ++term) strings.push_back(term_string(term));
    const std::vector<std::string_view> views(strings.begin(), strings.end());
    return builder.finish(views);
}

/// A built segment in a file that can be changed before it is opened.
class TestSegment {
  public:
    TestSegment(const BuiltSegment& built, std::vector<std::string> doc_ids, std::size_t field_count)
        : rows(static_cast<std::uint32_t>(doc_ids.size())), fields(static_cast<std::uint32_t>(field_count)) {
        file.put("term_bytes", built.term_bytes);
        file.put("term_offsets", encode_elias_fano(built.term_offsets));
        file.put("term_order", encode_packed(built.term_order));
        file.put("posting_counts", encode_elias_fano(built.posting_counts));
        put_items("posting_lists", "posting_offsets", built.postings);
        put_items("forward_rows", "forward_offsets", built.forward);
        file.put("frequency_tuples", built.frequency_tuples);
        std::vector<std::uint8_t> lengths;
        for (const auto& field : built.lengths) {
            const auto packed = encode_packed(field);
            lengths.insert(lengths.end(), packed.begin(), packed.end());
        }
        file.put("lengths", lengths);
        std::vector<std::uint8_t> id_bytes;
        std::vector<std::uint64_t> id_offsets{0};
        std::vector<std::uint32_t> order;
        for (const std::string& id : doc_ids) {
            id_bytes.insert(id_bytes.end(), id.begin(), id.end());
            id_offsets.push_back(id_bytes.size());
            order.push_back(static_cast<std::uint32_t>(order.size()));
        }
        std::sort(order.begin(), order.end(), [&](auto a, auto b) { return doc_ids[a] < doc_ids[b]; });
        file.put("doc_id_bytes", id_bytes);
        file.put("doc_id_offsets", encode_elias_fano(id_offsets));
        file.put("doc_id_order", encode_packed(order));
    }
    TestSegment(const std::vector<Document>& documents, std::size_t field_count, std::uint32_t terms)
        : TestSegment(build(documents, field_count, terms), ids_of(documents), field_count) {}

    static std::vector<std::string> ids_of(const std::vector<Document>& documents) {
        std::vector<std::string> ids;
        for (const Document& document : documents) ids.push_back(document.doc_id);
        return ids;
    }

    /// Opens the segment over a fresh buffer; this object must outlive it.
    std::shared_ptr<const Segment> open(Tombstones tombstones = {}) {
        file.seal();
        return std::make_shared<const Segment>(
            SegmentArrays{rows,
                          fields,
                          {file.array<std::uint8_t>("term_bytes"), sequence("term_offsets")},
                          file.array<std::uint8_t>("term_order"),
                          sequence("posting_counts"),
                          sequence("posting_offsets"),
                          file.array<std::uint8_t>("posting_lists"),
                          sequence("forward_offsets"),
                          file.array<std::uint8_t>("forward_rows"),
                          file.array<std::uint32_t>("frequency_tuples"),
                          file.array<std::uint8_t>("lengths"),
                          {file.array<std::uint8_t>("doc_id_bytes"), sequence("doc_id_offsets")},
                          file.array<std::uint8_t>("doc_id_order")},
            std::move(tombstones));
    }

    MemoryFile file;
    std::uint32_t rows;
    std::uint32_t fields;

    void put_items(const std::string& items, const std::string& offsets, const EncodedItems& encoded) {
        file.put(items, encoded.bytes);
        file.put(offsets, encode_elias_fano(encoded.offsets));
    }

  private:
    EliasFano sequence(const std::string& name) const { return EliasFano(file.array<std::uint64_t>(name)); }
};

/// Random documents with a skewed vocabulary. `wild` of them hold a term so often, in such different numbers,
/// that there are more than 256 frequency tuples.
inline std::vector<Document> random_documents(std::mt19937& random, std::size_t count,
                                              std::size_t field_count, std::uint32_t terms, std::size_t wild,
                                              std::string_view prefix = "d") {
    std::vector<Document> documents;
    for (std::size_t d = 0; d < count; ++d) {
        // doc_ids that do not sort like rows
        Document document{std::string(prefix) + std::to_string(random() % 1000) + "-" + std::to_string(d),
                          {}};
        for (std::size_t f = 0; f < field_count; ++f) {
            auto& field = document.fields.emplace_back();
            for (std::size_t n = random() % 12; n > 0; --n) {
                const std::uint32_t a = random() % terms;
                field.push_back(std::min<std::uint32_t>(a, random() % terms));
            }
            if (d < wild) field.insert(field.end(), random() % 700, random() % std::min(terms, 5u));
        }
        documents.push_back(std::move(document));
    }
    std::shuffle(documents.begin(), documents.end(), random);
    return documents;
}

/// Tombstones for the given rows, with the statistics they take out.
inline Tombstones tombstones_of(const std::vector<Document>& documents, const Segment& segment,
                                const std::vector<std::uint32_t>& deleted) {
    Tombstones tombstones;
    tombstones.live.assign(bitmap_bytes(documents.size()), 0xFF);
    std::map<std::uint32_t, std::uint32_t> counts;
    std::vector<std::uint32_t> codes;
    for (std::uint32_t row : deleted) {
        tombstones.live[row / 8] = static_cast<std::uint8_t>(tombstones.live[row / 8] & ~(1u << (row % 8)));
        for (std::uint32_t term : segment.forward(row, codes)) ++counts[term];
    }
    for (const auto& [term, count] : counts) {
        tombstones.terms.push_back(term);
        tombstones.document_counts.push_back(count);
    }
    return tombstones;
}

}  // namespace rocchio::testing
