#include <nanobind/nanobind.h>
#include <nanobind/stl/tuple.h>

#include <stdexcept>

#include "base/bitmap.hpp"
#include "bindings/arrays.hpp"
#include "bindings/bind.hpp"
#include "filters/rank_range.hpp"
#include "filters/row_set.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace rocchio::bindings {
namespace {

using namespace rocchio::filters;

using Bytes = InputArray<std::uint8_t>;
using Numbers = InputArray<std::uint32_t>;
using Mask = std::vector<std::uint8_t>;

Mask union_of(std::span<const std::uint8_t> bytes, std::span<const std::uint64_t> begins,
              std::span<const std::uint64_t> ends, std::uint64_t row_count) {
    if (begins.size() != ends.size()) throw std::invalid_argument("expected an end for every set");
    Mask mask(bitmap_bytes(row_count));
    for (std::size_t i = 0; i < begins.size(); ++i) {
        if (begins[i] > ends[i] || ends[i] > bytes.size()) {
            throw std::invalid_argument("a set of rows lies outside the bytes");
        }
        add_row_set(bytes.subspan(begins[i], ends[i] - begins[i]), row_count, mask);
    }
    return mask;
}

template <typename Rank>
OutputArray<std::uint8_t> rank_mask(const InputArray<Rank>& ranks, const Numbers& lows, const Numbers& highs,
                                    const Bytes& present, std::uint32_t first, std::uint32_t last) {
    Mask mask(bitmap_bytes(ranks.shape(0)));
    {
        nb::gil_scoped_release release;
        const RankedRows<Rank> rows{span_of(ranks), span_of(lows), span_of(highs), span_of(present)};
        add_rank_range(rows, first, last, mask);
    }
    return to_numpy(std::move(mask));
}

}  // namespace

void bind_filters(nb::module_& module) {
    module.attr("ZONE_ROWS") = kZoneRows;
    module.def(
        "encode_row_sets",
        [](const Numbers& rows, const InputArray<std::uint64_t>& ends, std::uint64_t row_count) {
            EncodedRowSets sets;
            {
                nb::gil_scoped_release release;
                sets = encode_row_sets(span_of(rows), span_of(ends), row_count);
            }
            return nb::make_tuple(to_numpy(std::move(sets.bytes)), to_numpy(std::move(sets.offsets)));
        },
        "rows"_a, "ends"_a, "row_count"_a,
        "Compressed bitmaps, (bytes, offsets): set i has rows[ends[i - 1], ends[i]), which increase.");
    module.def(
        "row_set_mask",
        [](const Bytes& bytes, const InputArray<std::uint64_t>& begins, const InputArray<std::uint64_t>& ends,
           std::uint64_t row_count) {
            Mask mask;
            {
                nb::gil_scoped_release release;
                mask = union_of(span_of(bytes), span_of(begins), span_of(ends), row_count);
            }
            return to_numpy(std::move(mask));
        },
        "bytes"_a, "begins"_a, "ends"_a, "row_count"_a,
        "A mask of the rows of any of the sets bytes[begins[i], ends[i]); ValueError for damaged ones.");
    module.def(
        "rows_mask",
        [](const Numbers& rows, std::uint64_t row_count) {
            Mask mask;
            {
                nb::gil_scoped_release release;
                mask.resize(bitmap_bytes(row_count));
                add_rows(span_of(rows), row_count, mask);
            }
            return to_numpy(std::move(mask));
        },
        "rows"_a, "row_count"_a, "A mask of these rows; ValueError if one is not below `row_count`.");
    module.def("rank_mask", &rank_mask<std::uint8_t>, "ranks"_a, "lows"_a, "highs"_a, "present"_a, "first"_a,
               "last"_a, "A mask of the rows whose rank is in [first, last).");
    module.def("rank_mask", &rank_mask<std::uint32_t>, "ranks"_a, "lows"_a, "highs"_a, "present"_a, "first"_a,
               "last"_a);
    module.def(
        "count_bits", [](const Bytes& mask) { return count_bits(span_of(mask)); }, "mask"_a,
        "How many bits of a mask are set.");
}

}  // namespace rocchio::bindings
