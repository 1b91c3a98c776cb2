#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>

#include "base/bitmap.hpp"
#include "base/threads.hpp"
#include "bindings/arrays.hpp"
#include "bindings/bind.hpp"
#include "bindings/checked_arrays.hpp"
#include "bindings/feedback.hpp"
#include "bindings/found.hpp"
#include "bindings/utf8.hpp"
#include "kernels/block_kernels.hpp"
#include "lexical/builder.hpp"
#include "lexical/merger.hpp"
#include "lexical/searcher.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace rocchio::bindings {
namespace {

using namespace rocchio::lexical;

SegmentArrays segment_arrays(const nb::dict& arrays, std::uint32_t rows, std::uint32_t fields) {
    return {rows,
            fields,
            {array_from<std::uint8_t>(arrays, "term_bytes"), sequence_from(arrays, "term_offsets")},
            array_from<std::uint8_t>(arrays, "term_order"),
            sequence_from(arrays, "posting_counts"),
            sequence_from(arrays, "posting_offsets"),
            array_from<std::uint8_t>(arrays, "posting_lists"),
            sequence_from(arrays, "forward_offsets"),
            array_from<std::uint8_t>(arrays, "forward_rows"),
            array_from<std::uint32_t>(arrays, "frequency_tuples"),
            array_from<std::uint8_t>(arrays, "lengths"),
            {array_from<std::uint8_t>(arrays, "doc_id_bytes"), sequence_from(arrays, "doc_id_offsets")},
            array_from<std::uint8_t>(arrays, "doc_id_order")};
}

template <typename T>
std::vector<T> copy_of(const InputArray<T>& array) {
    const auto values = span_of(array);
    return {values.begin(), values.end()};
}

std::vector<std::string_view> strings_of(const InputArray<std::uint8_t>& bytes,
                                         const InputArray<std::int64_t>& offsets) {
    const auto data = span_of(bytes);
    const auto ends = span_of(offsets);
    if (ends.empty() || ends.front() < 0 || !std::ranges::is_sorted(ends) ||
        static_cast<std::size_t>(ends.back()) > data.size()) {
        throw std::invalid_argument("expected increasing string offsets inside the bytes");
    }
    std::vector<std::string_view> strings;
    for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
        strings.emplace_back(reinterpret_cast<const char*>(data.data()) + ends[i],
                             static_cast<std::size_t>(ends[i + 1] - ends[i]));
    }
    return strings;
}

std::vector<std::int64_t> find_documents(const Segment& segment, std::span<const std::string_view> doc_ids) {
    std::vector<std::int64_t> rows;
    for (std::string_view doc_id : doc_ids) {
        const auto row = segment.find_document(doc_id);
        rows.push_back(row ? static_cast<std::int64_t>(*row) : -1);
    }
    return rows;
}

/// What `call` returns, while other Python threads may run.
auto without_gil(auto&& call) {
    const nb::gil_scoped_release release;
    return call();
}

nb::tuple to_tuple(EncodedItems&& items) {
    return nb::make_tuple(to_numpy(std::move(items.bytes)), to_numpy(std::move(items.offsets)));
}

nb::dict to_dict(BuiltSegment&& built) {
    nb::dict out;
    out["term_bytes"] = to_numpy(std::move(built.term_bytes));
    out["term_offsets"] = to_numpy(std::move(built.term_offsets));
    out["term_order"] = to_numpy(std::move(built.term_order));
    out["posting_counts"] = to_numpy(std::move(built.posting_counts));
    out["postings"] = to_tuple(std::move(built.postings));
    out["forward"] = to_tuple(std::move(built.forward));
    out["frequency_tuples"] = to_numpy(std::move(built.frequency_tuples));
    nb::list lengths;
    for (auto& field : built.lengths) lengths.append(to_numpy(std::move(field)));
    out["lengths"] = lengths;
    return out;
}

void bind_segment(nb::module_& module) {
    nb::class_<Segment>(module, "LexicalSegment", "The inverted index of one segment, over checked arrays.")
        .def(
            "__init__",
            [](Segment* self, const nb::dict& arrays, std::uint32_t rows, std::uint32_t fields,
               const InputArray<std::uint8_t>& live, const InputArray<std::uint32_t>& deleted_terms,
               const InputArray<std::uint32_t>& deleted_counts) {
                new (self) Segment(segment_arrays(arrays, rows, fields),
                                   {copy_of(live), copy_of(deleted_terms), copy_of(deleted_counts)});
            },
            "arrays"_a, "rows"_a, "fields"_a, "live"_a, "deleted_terms"_a, "deleted_counts"_a)
        .def(
            "restricted",
            [](const Segment& self, const InputArray<std::uint8_t>& live) {
                return std::make_shared<Segment>(self.restricted(copy_of(live)));
            },
            "live"_a, "The same segment with no live rows but those of a bitmap, which must be of its rows.")
        .def_prop_ro("row_count", &Segment::row_count)
        .def_prop_ro("term_count", &Segment::term_count)
        .def_prop_ro("posting_count", [](const Segment& self) { return self.posting_count(); })
        .def("find_term", &Segment::find_term, "term"_a)
        .def(
            "term", [](const Segment& self, std::uint32_t id) { return utf8(self.term(id)); }, "id"_a)
        .def(
            "doc_id", [](const Segment& self, std::uint32_t row) { return utf8(self.doc_id(row)); }, "row"_a)
        .def(
            "find_documents",
            [](const Segment& self, const InputArray<std::uint8_t>& bytes,
               const InputArray<std::int64_t>& offsets) {
                std::vector<std::int64_t> rows;
                {
                    nb::gil_scoped_release release;
                    rows = find_documents(self, strings_of(bytes, offsets));
                }
                return to_numpy(std::move(rows));
            },
            "doc_id_bytes"_a, "doc_id_offsets"_a, "Row of each doc_id (int64); -1 where absent or deleted.")
        .def(
            "postings",
            [](const Segment& self, std::uint32_t term) {
                PostingList list = self.postings(term);
                return nb::make_tuple(to_numpy(std::move(list.rows)), to_numpy(std::move(list.codes)));
            },
            "term"_a, "Rows (uint32) and frequency codes (uint32) of a term.")
        .def("find_code", &Segment::find_code, "term"_a, "row"_a,
             "Frequency code of one posting; None when the document does not hold the term.")
        .def(
            "forward",
            [](const Segment& self, std::uint32_t row) {
                if (row >= self.row_count()) throw std::out_of_range("expected a row of the segment");
                std::vector<std::uint32_t> codes;
                std::vector<std::uint32_t> terms = self.forward(row, codes);
                return nb::make_tuple(to_numpy(std::move(terms)), to_numpy(std::move(codes)));
            },
            "row"_a, "Term ids (uint32, increasing) and frequency codes (uint32) of a document.")
        .def(
            "frequencies",
            [](const Segment& self, std::uint32_t code) {
                const auto tuple = self.frequencies(code);
                return std::vector<std::uint32_t>(tuple.begin(), tuple.end());
            },
            "code"_a, "How often the term stands in each field, for a frequency code.")
        .def(
            "lengths", [](const Segment& self, std::uint32_t field) { return to_numpy(self.lengths(field)); },
            "field"_a)
        .def(
            "doc_id_order", [](const Segment& self) { return to_numpy(self.doc_id_order()); },
            "The rows (uint32) in the order of their doc_ids.")
        .def(
            "validate",
            [](const Segment& self) {
                nb::gil_scoped_release release;
                self.validate();
            },
            "Check every structure against its format; raises Corruption.");
}

void bind_builder(nb::module_& module) {
    nb::class_<SegmentBuilder>(module, "SegmentBuilder", "Collects term ids of documents into a segment.")
        .def(nb::init<std::size_t>(), "fields"_a)
        .def(
            "add",
            [](SegmentBuilder& self, const std::vector<InputArray<std::uint32_t>>& ids,
               const std::vector<InputArray<std::int64_t>>& offsets, std::size_t term_limit) {
                if (ids.size() != offsets.size())
                    throw std::invalid_argument("expected offsets for every field");
                std::vector<FieldTerms> fields;
                for (std::size_t f = 0; f < ids.size(); ++f)
                    fields.push_back({span_of(ids[f]), span_of(offsets[f])});
                nb::gil_scoped_release release;
                self.add(fields, term_limit);
            },
            "ids"_a, "offsets"_a, "term_limit"_a)
        .def(
            "add_impacts",
            [](SegmentBuilder& self, const InputArray<std::uint32_t>& ids,
               const InputArray<std::uint32_t>& impacts, const InputArray<std::int64_t>& offsets,
               std::size_t term_limit) {
                nb::gil_scoped_release release;
                self.add_impacts({span_of(ids), span_of(offsets)}, span_of(impacts), term_limit);
            },
            "ids"_a, "impacts"_a, "offsets"_a, "term_limit"_a,
            "Documents of weighted terms, for a builder of one field; ValueError for impacts of 0 or above "
            "2^32.")
        .def_prop_ro("row_count", &SegmentBuilder::row_count)
        .def_prop_ro("posting_count", &SegmentBuilder::posting_count)
        .def_prop_ro("memory_bytes", &SegmentBuilder::memory_bytes)
        .def(
            "finish",
            [](SegmentBuilder& self, const InputArray<std::uint8_t>& bytes,
               const InputArray<std::int64_t>& offsets) {
                BuiltSegment built;
                {
                    nb::gil_scoped_release release;
                    built = self.finish(strings_of(bytes, offsets));
                }
                return to_dict(std::move(built));
            },
            "term_bytes"_a, "term_offsets"_a);

    nb::class_<Merger>(module, "SegmentMerger", "Merges segments without their text.")
        .def(nb::init<std::vector<std::shared_ptr<const Segment>>>(), "segments"_a,
             nb::call_guard<nb::gil_scoped_release>())
        .def(
            "__init__",
            [](Merger* self, std::vector<std::shared_ptr<const Segment>> segments,
               const InputArray<std::uint32_t>& of_segment, const InputArray<std::uint32_t>& rows) {
                const auto numbers = span_of(of_segment), places = span_of(rows);
                if (numbers.size() != places.size())
                    throw std::invalid_argument("expected a segment for each row");
                std::vector<OldRow> order;
                order.reserve(places.size());
                for (std::size_t i = 0; i < places.size(); ++i) order.push_back({numbers[i], places[i]});
                without_gil([&] { new (self) Merger(std::move(segments), std::move(order)); });
            },
            "segments"_a, "of_segment"_a, "rows"_a,
            "The same, with rows in the order given: `rows[i]` of segment `of_segment[i]` becomes row i.")
        .def_prop_ro("row_count", &Merger::row_count)
        .def_prop_ro("term_count", &Merger::term_count)
        .def("term_bytes", [](const Merger& m) { return to_numpy(std::vector(m.term_bytes())); })
        .def("term_offsets", [](const Merger& m) { return to_numpy(std::vector(m.term_offsets())); })
        .def("term_order", [](const Merger& m) { return to_numpy(std::vector(m.term_order())); })
        .def("posting_counts", [](const Merger& m) { return to_numpy(std::vector(m.posting_counts())); })
        .def("forward_counts", [](const Merger& m) { return to_numpy(std::vector(m.forward_counts())); })
        .def("frequency_tuples", [](const Merger& m) { return to_numpy(std::vector(m.frequency_tuples())); })
        .def(
            "postings",
            [](const Merger& m, std::size_t first, std::size_t last) {
                return to_tuple(without_gil([&] { return m.postings(first, last); }));
            },
            "first"_a, "last"_a,
            "Lists of the terms [first, last): their bytes, and offsets of each in them.")
        .def(
            "forward",
            [](const Merger& m, std::uint32_t first, std::uint32_t last) {
                return to_tuple(without_gil([&] { return m.forward(first, last); }));
            },
            "first"_a, "last"_a,
            "Forward entries of the rows [first, last): their bytes, and offsets of each.")
        .def(
            "lengths", [](const Merger& m, std::uint32_t field) { return to_numpy(m.lengths(field)); },
            "field"_a);
}

/// Checks what the caller gave before the core runs without the interpreter lock.
QueryBatch checked_batch(std::span<const std::uint64_t> offsets, std::span<const std::uint32_t> terms,
                         std::span<const double> weights, std::size_t distinct) {
    if (offsets.empty() || offsets.front() != 0 || !std::ranges::is_sorted(offsets) ||
        offsets.back() != terms.size() || terms.size() != weights.size()) {
        throw std::invalid_argument("expected increasing query offsets that cover terms and weights");
    }
    if (std::ranges::any_of(terms, [&](std::uint32_t term) { return term >= distinct; })) {
        throw std::invalid_argument("expected query terms to index the distinct terms");
    }
    return {offsets, terms, weights};
}

/// The queries of a batch in parts for `threads`: some for each, as queries differ in cost.
std::vector<FoundArrays> search_parts(const Searcher& self, const SharedBatch& batch, std::size_t threads) {
    constexpr std::size_t kPartsPerThread = 8;
    const std::size_t queries = batch.queries.offsets.size() - 1;
    const std::size_t parts =
        threads <= 1 ? 1 : std::max<std::size_t>(std::min(kPartsPerThread * threads, queries), 1);
    std::vector<FoundArrays> found(parts);
    for_each_on_threads(threads, parts, [&](std::size_t part) {
        found[part] = FoundArrays(self.search(batch, part * queries / parts, (part + 1) * queries / parts));
    });
    return found;
}

nb::list search(const Searcher& self, const InputArray<std::uint8_t>& term_bytes,
                const InputArray<std::int64_t>& term_offsets, const InputArray<std::uint64_t>& query_offsets,
                const InputArray<std::uint32_t>& query_terms, const InputArray<double>& weights,
                std::size_t k, const std::vector<InputArray<std::uint8_t>>& allowed, Kernel kernel,
                double alpha, std::size_t threads) {
    if (k == 0) throw std::invalid_argument("expected k of at least 1");
    if (!(alpha > 0.0 && alpha <= 1.0)) throw std::invalid_argument("expected alpha above 0 and at most 1");
    if (!allowed.empty() && allowed.size() != self.segment_count()) {
        throw std::invalid_argument("expected a mask for every segment, or none");
    }
    std::vector<AllowedRows> masks;
    for (const auto& mask : allowed) {
        masks.push_back(span_of(mask));
        const std::size_t bytes = bitmap_bytes(self.row_count(masks.size() - 1));
        if (!masks.back().empty() && masks.back().size() != bytes) {
            throw std::invalid_argument("expected a mask with a bit for every row of its segment");
        }
    }
    std::vector<FoundArrays> found;
    {
        nb::gil_scoped_release release;
        const auto distinct = strings_of(term_bytes, term_offsets);
        const auto batch =
            checked_batch(span_of(query_offsets), span_of(query_terms), span_of(weights), distinct.size());
        found = search_parts(self, self.share(distinct, batch, k, masks, kernel, alpha, threads), threads);
    }
    nb::list parts;
    for (FoundArrays& part : found) parts.append(to_tuple(std::move(part)));
    return parts;
}

void bind_searcher(nb::module_& module) {
    nb::enum_<Variant>(module, "Variant")
        .value("robertson", Variant::robertson)
        .value("lucene", Variant::lucene)
        .value("atire", Variant::atire)
        .value("bm25l", Variant::bm25l)
        .value("bm25plus", Variant::bm25plus)
        .value("impact", Variant::impact)
        .value("anserini", Variant::anserini);
    nb::enum_<Kernel>(module, "Kernel")
        .value("automatic", Kernel::automatic)
        .value("pruned", Kernel::pruned)
        .value("exhaustive", Kernel::exhaustive)
        .value("reference", Kernel::reference);

    nb::class_<FrozenColumns>(module, "FrozenColumns", "Columns of one segment that were computed ahead.")
        .def(
            "__init__",
            [](FrozenColumns* self, const nb::dict& arrays) {
                new (self) FrozenColumns({array_from<double>(arrays, "made_for"),
                                          array_from<std::uint32_t>(arrays, "terms"),
                                          array_from<std::uint64_t>(arrays, "begins"),
                                          array_from<std::uint8_t>(arrays, "columns")});
            },
            "arrays"_a)
        .def(
            "validate",
            [](const FrozenColumns& self, const Segment& segment) {
                nb::gil_scoped_release release;
                self.validate(segment);
            },
            "segment"_a, "Compute every column anew and compare; raises Corruption.");

    nb::class_<Searcher> searcher(module, "Searcher",
                                  "Exact top-k over the segments of a snapshot with one scoring.");
    bind_feedback(searcher);
    bind_found(searcher);
    searcher
        .def(
            "__init__",
            [](Searcher* self, std::vector<std::shared_ptr<const Segment>> segments, Variant variant,
               double k1, double b, double delta, std::vector<double> field_weights, std::uint64_t documents,
               const InputArray<std::uint64_t>& total_lengths, std::size_t memory_bytes,
               std::vector<std::shared_ptr<const FrozenColumns>> frozen) {
                if (!frozen.empty() && frozen.size() != segments.size()) {
                    throw std::invalid_argument("expected frozen columns or None for every segment");
                }
                if (field_weights.size() != total_lengths.shape(0)) {
                    throw std::invalid_argument("expected a weight and a total length for every field");
                }
                new (self)
                    Searcher(std::move(segments), {variant, k1, b, delta, 1.0}, std::move(field_weights),
                             documents, span_of(total_lengths), memory_bytes, std::move(frozen));
            },
            "segments"_a, "variant"_a, "k1"_a, "b"_a, "delta"_a, "field_weights"_a, "documents"_a,
            "total_lengths"_a, "memory_bytes"_a, "frozen"_a)
        .def("search", &search, "term_bytes"_a, "term_offsets"_a, "query_offsets"_a, "query_terms"_a,
             "weights"_a, "k"_a, "allowed"_a, "kernel"_a, "alpha"_a = 1.0, "threads"_a = 1,
             "Batch search; returns (offsets, segments, rows, scores) for each part of the batch, in order; "
             "one thread makes one part. Query i of a part has hits [offsets[i], offsets[i+1]). Exact with "
             "alpha 1.")
        .def_prop_ro("memory_bytes", &Searcher::memory_bytes)
        .def(
            "has_frozen",
            [](const Searcher& self, std::size_t segment) {
                if (segment >= self.segment_count()) throw std::out_of_range("expected a segment");
                return self.has_frozen(segment);
            },
            "segment"_a, "Whether frozen columns of a segment are used.")
        .def(
            "column_identity",
            [](const Searcher& self, std::size_t segment) { return to_numpy(self.column_identity(segment)); },
            "segment"_a, "What the columns of a segment are made for (float64).")
        .def(
            "freeze",
            [](const Searcher& self, std::size_t segment, std::size_t first, std::size_t enough) {
                EncodedColumns columns;
                {
                    nb::gil_scoped_release release;
                    columns = self.freeze(segment, first, enough);
                }
                return nb::make_tuple(to_numpy(std::move(columns.terms)), to_numpy(std::move(columns.begins)),
                                      to_numpy(std::move(columns.bytes)));
            },
            "segment"_a, "first"_a, "enough"_a,
            "Terms (uint32) from rank `first` on, where each column begins (uint64), and the columns "
            "(uint8), "
            "of `enough` bytes or a column more.")
        .def_prop_ro(
            "work", [](const Searcher& self) { return std::tuple(self.work().postings, self.work().bytes); },
            "Postings and bytes that all searches so far have read.")
        .def("document_frequency", &Searcher::document_frequency, "term"_a)
        .def(
            "idf",
            [](const Searcher& s, std::uint64_t documents, std::uint64_t df) {
                return s.scoring().idf(documents, df);
            },
            "documents"_a, "df"_a)
        .def(
            "tf_part",
            [](const Searcher& s, double tf, double length) { return s.scoring().tf_part(tf, length); },
            "tf"_a, "length"_a)
        .def_prop_ro("absent_part", [](const Searcher& s) { return s.scoring().absent_part(); })
        .def_prop_ro("average_length", [](const Searcher& s) { return s.scoring().average_length; })
        .def("boosted_length", &Searcher::boosted_length, "segment"_a, "row"_a)
        .def("boosted_frequency", &Searcher::boosted_frequency, "segment"_a, "code"_a);
}

}  // namespace

void bind_lexical(nb::module_& module) {
    module.def(
        "cpu_level", [] { return kernels::block_kernels().name; },
        "The level of instruction set that searches use: portable, avx2 or avx512.");
    bind_segment(module);
    bind_builder(module);
    bind_searcher(module);
}

}  // namespace rocchio::bindings
