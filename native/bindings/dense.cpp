#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstring>

#include "base/bitmap.hpp"
#include "bindings/arrays.hpp"
#include "bindings/bind.hpp"
#include "dense/clusters.hpp"
#include "dense/lists.hpp"
#include "dense/magnitude.hpp"
#include "dense/vector_index.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace rocchio::bindings {
namespace {

using namespace rocchio::dense;

Metric metric_of(const std::string& name) {
    if (name == "cosine") return Metric::cosine;
    if (name == "ip") return Metric::inner_product;
    if (name == "l2") return Metric::l2;
    throw std::invalid_argument("expected metric cosine, ip or l2, found " + name);
}

void expect(bool holds, const char* what) {
    if (!holds) throw std::invalid_argument(what);
}

std::vector<float> floats_of(const InputArray<float>& array) {
    const auto values = span_of(array);
    return {values.begin(), values.end()};
}

template <typename T>
CheckedArray<T> array_from(const nb::dict& arrays, const char* name, std::size_t items = 1) {
    const auto entry =
        nb::cast<std::tuple<std::shared_ptr<CheckedFile>, std::size_t, std::size_t>>(arrays[name]);
    const auto& [file, offset, count] = entry;
    if (count % items != 0) throw Corruption(file->path(), offset, "an array ends within a row");
    return {file, offset, count / items};
}

constexpr std::size_t kConstants = sizeof(RowConstants) / sizeof(float);

CodeArrays code_arrays(const nb::dict& arrays, const char* codes, const char* constants) {
    return {array_from<std::uint8_t>(arrays, codes), array_from<RowConstants>(arrays, constants, kConstants)};
}

Originals originals_from(const nb::dict& arrays, std::size_t dim, bool halves, Reading reading) {
    if (halves) return {array_from<std::uint16_t>(arrays, "originals"), dim, reading};
    return {array_from<float>(arrays, "originals"), dim, reading};
}

/// Codes and constants as numpy holds them while an index is built.
CodedRows coded_rows(const InputArray<std::uint8_t>& codes, const InputArray<float>& constants,
                     std::size_t width) {
    expect(width > 0 && width % kernels::kCodeAlignment == 0, "expected a width that is a multiple of 64");
    expect(codes.shape(0) / width * width == codes.shape(0) &&
               codes.shape(0) / width * kConstants == constants.shape(0),
           "expected four constants for each code");
    return {codes.data(), reinterpret_cast<const RowConstants*>(constants.data()), width};
}

void expect_rows(std::span<const std::uint32_t> rows, std::size_t count) {
    expect(std::ranges::all_of(rows, [count](std::uint32_t row) { return row < count; }),
           "a row is past the last");
}

void expect_offsets(std::span<const std::uint64_t> offsets, std::size_t entries, std::size_t first,
                    std::size_t last) {
    expect(!offsets.empty() && std::ranges::is_sorted(offsets) && offsets.back() <= entries &&
               first <= last && last < offsets.size(),
           "expected increasing offsets of lists, and lists among them");
}

nb::tuple coded_tuple(std::vector<std::uint8_t>&& codes, std::vector<RowConstants>&& constants) {
    std::vector<float> numbers(constants.size() * kConstants);
    if (!constants.empty()) std::memcpy(numbers.data(), constants.data(), numbers.size() * sizeof(float));
    return nb::make_tuple(to_numpy(std::move(codes)), to_numpy(std::move(numbers)));
}

nb::tuple encode_rows(const Transform& transform, const InputArray<float>& values) {
    const auto given = span_of(values);
    const std::size_t width = transform.width(), count = given.size() / transform.dim();
    expect(count * transform.dim() == given.size(), "expected whole vectors");
    std::vector<std::uint8_t> codes(count * width);
    std::vector<RowConstants> constants;
    {
        nb::gil_scoped_release release;
        std::vector<float> rotated(width);
        for (std::size_t row = 0; row < count; ++row) {
            const float error = transform.row(given.data() + row * transform.dim(), rotated.data());
            constants.push_back(encode(rotated.data(), width, error, codes.data() + row * width));
        }
    }
    return coded_tuple(std::move(codes), std::move(constants));
}

nb::tuple encode_centroids(const Centroids& centroids) {
    std::vector<std::uint8_t> codes(centroids.size() * centroids.width());
    std::vector<RowConstants> constants;
    for (std::size_t c = 0; c < centroids.size(); ++c)
        constants.push_back(
            encode(centroids.values(c), centroids.width(), 0.0f, codes.data() + c * centroids.width()));
    return coded_tuple(std::move(codes), std::move(constants));
}

nb::tuple counts_of(const Work& work) {
    return nb::make_tuple(work.lists, work.entries, work.refined, work.rescored, work.unsettled);
}

nb::tuple to_tuple(VectorResults&& results, std::size_t k) {
    return nb::make_tuple(to_numpy(std::move(results.rows), k), to_numpy(std::move(results.scores), k),
                          counts_of(results.work));
}

std::span<const std::uint8_t> mask_of(const VectorIndex& index, const InputArray<std::uint8_t>& mask) {
    expect(mask.shape(0) == bitmap_bytes(index.rows()), "expected a mask with a bit for each row");
    return span_of(mask);
}

/// Runs a search on checked input, without the interpreter's lock.
template <typename Search>
nb::tuple searched(const VectorIndex& index, const InputArray<float>& queries, std::size_t k,
                   const std::optional<InputArray<std::uint8_t>>& allowed, Search search) {
    VectorQueries wanted{span_of(queries), k, std::nullopt};
    expect(k > 0 && wanted.values.size() % index.dim() == 0, "expected a positive k and whole queries");
    if (allowed) wanted.allowed = mask_of(index, *allowed);
    VectorResults results;
    {
        nb::gil_scoped_release release;
        results = search(wanted);
    }
    return to_tuple(std::move(results), k);
}

auto places(const VectorIndex& self, const InputArray<float>& queries, std::size_t k,
            const std::optional<InputArray<std::uint8_t>>& allowed, const InputArray<std::uint32_t>& wanted,
            const std::vector<std::size_t>& probes, std::size_t most) {
    VectorQueries asked{span_of(queries), k, std::nullopt};
    expect(self.lists() > 0, "expected an index with lists");
    expect(k > 0 && asked.values.size() % self.dim() == 0 &&
               wanted.shape(0) == asked.values.size() / self.dim() * k,
           "expected whole queries, and a positive number of wanted rows for each");
    expect(!probes.empty() && std::ranges::is_sorted(probes), "expected numbers of lists that ascend");
    expect_rows(span_of(wanted), self.rows());
    if (allowed) asked.allowed = mask_of(self, *allowed);
    std::vector<std::uint32_t> found;
    {
        nb::gil_scoped_release release;
        found = self.places(asked, span_of(wanted), probes, most);
    }
    return to_numpy(std::move(found));
}

nb::tuple within(const VectorIndex& self, const InputArray<float>& queries, const InputArray<float>& least,
                 const std::optional<InputArray<std::uint8_t>>& allowed) {
    expect(queries.shape(0) == least.shape(0) * self.dim(), "expected a least score for each query");
    std::optional<std::span<const std::uint8_t>> mask;
    if (allowed) mask = mask_of(self, *allowed);
    RangeResults results;
    {
        nb::gil_scoped_release release;
        results = self.within(span_of(queries), span_of(least), mask);
    }
    return nb::make_tuple(to_numpy(std::move(results.offsets)), to_numpy(std::move(results.rows)),
                          to_numpy(std::move(results.scores)), counts_of(results.work));
}

void bind_index(nb::module_& module) {
    nb::class_<VectorIndex>(module, "VectorIndex",
                            "Codes and lists of the vectors of one segment, over checked arrays.")
        .def(
            "__init__",
            [](VectorIndex* self, const nb::dict& arrays, const std::string& metric, std::size_t dim,
               bool halves, std::uint64_t seed, const InputArray<float>& mean, bool lists_in_memory,
               bool codes_in_memory, bool originals_in_memory) {
                const Reading reading = originals_in_memory ? Reading::none
                                        : codes_in_memory   ? Reading::kept
                                                            : Reading::passing;
                const ListArrays lists{code_arrays(arrays, "centroid_codes", "centroid_constants"),
                                       array_from<std::uint32_t>(arrays, "list_sizes"),
                                       array_from<std::uint8_t>(arrays, "list_blocks")};
                new (self) VectorIndex(Transform(metric_of(metric), dim, seed, floats_of(mean)),
                                       originals_from(arrays, dim, halves, reading),
                                       code_arrays(arrays, "codes", "constants"), lists,
                                       InMemory{codes_in_memory, lists_in_memory});
            },
            "arrays"_a, "metric"_a, "dim"_a, "halves"_a, "seed"_a, "mean"_a, "lists_in_memory"_a = true,
            "codes_in_memory"_a = true, "originals_in_memory"_a = true,
            "What is not in memory is read when it is needed, through the sources of its files.")
        .def_prop_ro("rows", &VectorIndex::rows)
        .def_prop_ro("lists", &VectorIndex::lists)
        .def(
            "restricted",
            [](const VectorIndex& self, const InputArray<std::uint32_t>& rows, bool listed) {
                const auto given = span_of(rows);
                std::vector<std::uint32_t> chosen(given.begin(), given.end());
                nb::gil_scoped_release release;
                return std::make_shared<VectorIndex>(self.restricted(std::move(chosen), listed));
            },
            "rows"_a, "listed"_a,
            "The same with no rows but some, which ascend; if `listed`, in a list of their own.")
        .def_prop_ro("own_bytes", &VectorIndex::own_bytes)
        .def("listed_rows", [](const VectorIndex& self) { return to_numpy(self.listed_rows()); })
        .def(
            "exact",
            [](const VectorIndex& self, const InputArray<float>& queries, std::size_t k,
               const std::optional<InputArray<std::uint8_t>>& allowed) {
                return searched(self, queries, k, allowed,
                                [&self](const VectorQueries& wanted) { return self.exact(wanted); });
            },
            "queries"_a, "k"_a, "allowed"_a = nb::none(),
            "(rows int64 (q, k), scores float32 (q, k), (lists, entries, refined, rescored, unsettled)): "
            "exactly the best k for each query.")
        .def(
            "scores",
            [](const VectorIndex& self, const InputArray<float>& queries,
               const InputArray<std::uint64_t>& offsets, const InputArray<std::uint32_t>& rows) {
                expect(offsets.shape(0) > 0 && queries.shape(0) == (offsets.shape(0) - 1) * self.dim(),
                       "expected whole queries, and an offset for each and the end");
                expect_offsets(span_of(offsets), rows.shape(0), 0, 0);
                expect_rows(span_of(rows), self.rows());
                std::vector<float> scores;
                {
                    nb::gil_scoped_release release;
                    scores = self.scores(span_of(queries), span_of(offsets), span_of(rows));
                }
                return to_numpy(std::move(scores));
            },
            "queries"_a, "offsets"_a, "rows"_a,
            "The exact scores (float32) of rows: query i has rows[offsets[i]] to rows[offsets[i + 1]].")
        .def("within", &within, "queries"_a, "least"_a, "allowed"_a = nb::none(),
             "(offsets uint64, rows int64, scores float32, work as of `exact`): exactly the rows that score "
             "at "
             "least `least`, one number for each query, best first.")
        .def(
            "search",
            [](const VectorIndex& self, const InputArray<float>& queries, std::size_t k,
               const std::optional<InputArray<std::uint8_t>>& allowed, std::size_t probes, std::size_t refine,
               std::size_t least_entries, float most_new, std::optional<std::size_t> most_probes,
               double least_share) {
                expect(self.lists() > 0, "expected an index with lists");
                const Effort effort{
                    probes, refine, least_entries, most_new, most_probes.value_or(self.lists()), least_share};
                return searched(self, queries, k, allowed,
                                [&](const VectorQueries& wanted) { return self.search(wanted, effort); });
            },
            "queries"_a, "k"_a, "allowed"_a, "probes"_a, "refine"_a, "least_entries"_a, "most_new"_a = 1.0f,
            "most_probes"_a = nb::none(), "least_share"_a = 0.75,
            "As `exact`, the best of the rows that the lists show; rows that a mask makes hard to find take "
            "more "
            "lists, until they settle, or an exact search.")
        .def(
            "places", &places, "queries"_a, "k"_a, "allowed"_a, "wanted"_a, "probes"_a, "most"_a,
            "By query, number of lists and wanted row (uint32): where k distinct rows that are wanted of "
            "each "
            "query stand among the candidates of the nearest `probes` lists; 2**32 - 1 if not among `most`.");
}

void bind_building(nb::module_& module) {
    nb::class_<Transform>(module, "VectorTransform", "From vectors to the space of their codes.")
        .def(
            "__init__",
            [](Transform* self, const std::string& metric, std::size_t dim, std::uint64_t seed,
               const InputArray<float>& mean) {
                new (self) Transform(metric_of(metric), dim, seed, floats_of(mean));
            },
            "metric"_a, "dim"_a, "seed"_a, "mean"_a)
        .def_prop_ro("width", &Transform::width)
        .def("encode", &encode_rows, "values"_a,
             "(codes uint8, constants float32, four each) of whole vectors.");
    nb::class_<Centroids>(module, "Centroids", "Centroids of inverted lists, of `width` numbers each.")
        .def(
            "__init__",
            [](Centroids* self, const InputArray<float>& values, std::size_t width) {
                expect(width > 0 && width % kernels::kCodeAlignment == 0 && values.shape(0) >= width &&
                           values.shape(0) % width == 0,
                       "expected whole centroids, of a width that is a multiple of 64");
                new (self) Centroids(span_of(values), width);
            },
            "values"_a, "width"_a)
        .def_prop_ro("count", &Centroids::size)
        .def("encode", &encode_centroids, "(codes uint8, constants float32, four each).")
        .def(
            "nearest",
            [](const Centroids& self, const InputArray<std::uint8_t>& codes,
               const InputArray<float>& constants, const InputArray<std::uint32_t>& chosen) {
                const CodedRows rows = coded_rows(codes, constants, self.width());
                std::vector<std::uint32_t> first(chosen.shape(0));
                expect_rows(span_of(chosen), constants.shape(0) / kConstants);
                {
                    nb::gil_scoped_release release;
                    self.nearest(rows, span_of(chosen), first.data());
                }
                return to_numpy(std::move(first));
            },
            "codes"_a, "constants"_a, "chosen"_a, "The nearest centroid of each chosen row (uint32).")
        .def(
            "nearest_two",
            [](const Centroids& self, const InputArray<std::uint8_t>& codes,
               const InputArray<float>& constants, const InputArray<std::uint32_t>& chosen) {
                const CodedRows rows = coded_rows(codes, constants, self.width());
                std::vector<std::uint32_t> first(chosen.shape(0)), second(chosen.shape(0));
                expect_rows(span_of(chosen), constants.shape(0) / kConstants);
                {
                    nb::gil_scoped_release release;
                    self.nearest_two(rows, span_of(chosen), first.data(), second.data());
                }
                return nb::make_tuple(to_numpy(std::move(first)), to_numpy(std::move(second)));
            },
            "codes"_a, "constants"_a, "chosen"_a, "The nearest and the orthogonal second centroid (uint32).");
}

void bind_lists(nb::module_& module) {
    module.def(
        "list_means",
        [](const InputArray<std::uint8_t>& codes, const InputArray<float>& constants, std::size_t width,
           const InputArray<std::uint32_t>& rows, const InputArray<std::uint64_t>& offsets, std::size_t first,
           std::size_t last, const InputArray<float>& before) {
            const CodedRows coded = coded_rows(codes, constants, width);
            expect_rows(span_of(rows), constants.shape(0) / kConstants);
            expect_offsets(span_of(offsets), rows.shape(0), first, last);
            expect(before.shape(0) == (last - first) * width, "expected the centroids of the lists before");
            std::vector<float> means = floats_of(before);
            {
                nb::gil_scoped_release release;
                list_means(coded, span_of(rows), span_of(offsets), first, last, means.data());
            }
            return to_numpy(std::move(means));
        },
        "codes"_a, "constants"_a, "width"_a, "rows"_a, "offsets"_a, "first"_a, "last"_a, "before"_a,
        "Means of the rows of lists [first, last); those of lists without rows stay as they were.");
    module.def(
        "pack_lists",
        [](const InputArray<std::uint8_t>& codes, const InputArray<float>& constants, std::size_t width,
           const std::string& metric, const InputArray<std::uint8_t>& centroid_codes,
           const InputArray<float>& centroid_constants, const InputArray<std::uint32_t>& rows,
           const InputArray<std::uint64_t>& offsets, std::size_t first, std::size_t last) {
            const CodedRows coded = coded_rows(codes, constants, width);
            const CodedRows centroids = coded_rows(centroid_codes, centroid_constants, width);
            expect_rows(span_of(rows), constants.shape(0) / kConstants);
            expect_offsets(span_of(offsets), rows.shape(0), first, last);
            expect(last <= centroid_constants.shape(0) / kConstants, "expected a centroid for each list");
            std::vector<std::uint8_t> packed;
            {
                nb::gil_scoped_release release;
                packed = pack_lists(coded, metric_of(metric), centroids, span_of(rows), span_of(offsets),
                                    first, last);
            }
            return to_numpy(std::move(packed));
        },
        "codes"_a, "constants"_a, "width"_a, "metric"_a, "centroid_codes"_a, "centroid_constants"_a, "rows"_a,
        "offsets"_a, "first"_a, "last"_a, "Blocks of sign codes of lists [first, last).");
}

void bind_radii(nb::module_& module) {
    module.def(
        "list_radii",
        [](const InputArray<std::uint8_t>& codes, const InputArray<float>& constants, std::size_t width,
           const InputArray<std::uint8_t>& centroid_codes, const InputArray<float>& centroid_constants,
           const InputArray<std::uint32_t>& rows, const InputArray<std::uint64_t>& offsets, std::size_t first,
           std::size_t last) {
            const CodedRows coded = coded_rows(codes, constants, width);
            const CodedRows centroids = coded_rows(centroid_codes, centroid_constants, width);
            expect_rows(span_of(rows), constants.shape(0) / kConstants);
            expect_offsets(span_of(offsets), rows.shape(0), first, last);
            expect(last <= centroid_constants.shape(0) / kConstants, "expected a centroid for each list");
            std::vector<float> radii;
            {
                nb::gil_scoped_release release;
                radii = list_radii(coded, centroids, span_of(rows), span_of(offsets), first, last);
            }
            return to_numpy(std::move(radii));
        },
        "codes"_a, "constants"_a, "width"_a, "centroid_codes"_a, "centroid_constants"_a, "rows"_a,
        "offsets"_a, "first"_a, "last"_a,
        "Root mean squares (float32) of the distances between rows and centroids of lists [first, last).");
}

void bind_checks(nb::module_& module) {
    module.def(
        "out_of_bounds",
        [](const InputMatrix<float>& vectors, float least, float most) {
            expect(vectors.shape(1) > 0 && 0.0f <= least && least <= most,
                   "expected vectors of some numbers, and bounds from 0 on");
            nb::gil_scoped_release release;
            return out_of_bounds(span_of(vectors), vectors.shape(1), least, most);
        },
        "vectors"_a, "least"_a, "most"_a,
        "Which of the vectors (n, dim) do not have their largest absolute number from `least` to `most`; one "
        "with NaN has not.");
}

}  // namespace

void bind_dense(nb::module_& module) {
    bind_index(module);
    bind_building(module);
    bind_lists(module);
    bind_radii(module);
    bind_checks(module);
}

}  // namespace rocchio::bindings
