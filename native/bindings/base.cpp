#include <nanobind/nanobind.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include <algorithm>

#include "base/checked_file.hpp"
#include "base/crc32c.hpp"
#include "base/page_cache.hpp"
#include "bindings/arrays.hpp"
#include "bindings/bind.hpp"
#include "bindings/file_source.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace rocchio::bindings {
namespace {

std::vector<std::uint32_t> chunk_checksums(std::span<const std::uint8_t> bytes) {
    std::vector<std::uint32_t> checksums;
    for (std::size_t begin = 0; begin < bytes.size(); begin += kChunkBytes) {
        checksums.push_back(crc32c(bytes.subspan(begin, std::min(kChunkBytes, bytes.size() - begin))));
    }
    return checksums;
}

}  // namespace

void bind_base(nb::module_& module) {
    module.attr("CHUNK_BYTES") = kChunkBytes;
    module.def(
        "crc32c",
        [](const InputArray<std::uint8_t>& data, std::uint32_t crc) {
            const auto bytes = span_of(data);
            nb::gil_scoped_release release;
            return crc32c(bytes, crc);
        },
        "data"_a, "crc"_a = 0, "CRC-32C of the bytes, continuing from `crc`.");
    module.def(
        "chunk_checksums",
        [](const InputArray<std::uint8_t>& data) {
            std::vector<std::uint32_t> checksums;
            {
                nb::gil_scoped_release release;
                checksums = chunk_checksums(span_of(data));
            }
            return to_numpy(std::move(checksums));
        },
        "data"_a, "CRC-32C of every chunk of CHUNK_BYTES bytes (the last may be shorter).");

    nb::class_<FileSource>(module, "FileSource", "Reads of an open file at given places.")
        .def(nb::init<int, std::string>(), "descriptor"_a, "path"_a,
             "Takes over the descriptor, which is closed at the end.");

    nb::class_<PageCache>(module, "PageCache", "Pages of files that were read last, in bounded memory.")
        .def(nb::init<std::size_t>(), "size_bytes"_a)
        .def("resize", &PageCache::resize, "size_bytes"_a,
             "Drops everything; at most so many bytes from now on.")
        .def_prop_ro("room", &PageCache::room, "Pages that it can hold.")
        .def("__len__", &PageCache::size, "Pages that it holds.")
        .def_prop_ro(
            "counts",
            [](const PageCache& self) {
                const ReadCounts counts = self.counts();
                return nb::make_tuple(counts.hits, counts.misses, counts.reads, counts.read_bytes);
            },
            "(pages that were held, pages that were not, reads, bytes read), since the beginning.");
    module.attr("PAGE_BYTES") = kPageBytes;

    nb::class_<CheckedFile>(
        module, "CheckedFile",
        "A file whose chunks are verified when first touched: mapped, and read where it has a "
        "source.")
        .def(
            "__init__",
            [](CheckedFile* self, std::string path, const InputArray<std::uint8_t>& data,
               const InputArray<std::uint32_t>& checksums, std::shared_ptr<FileSource> source,
               std::shared_ptr<PageCache> cache) {
                if ((source == nullptr) != (cache == nullptr))
                    throw std::invalid_argument("expected a source and a cache, or neither");
                const auto sums = span_of(checksums);
                new (self) CheckedFile(std::move(path), span_of(data), {sums.begin(), sums.end()},
                                       {std::move(source), std::move(cache)});
            },
            "path"_a, "data"_a, "checksums"_a, "source"_a = nb::none(), "cache"_a = nb::none(),
            nb::keep_alive<1, 3>())
        .def(
            "gather",
            [](const CheckedFile& self, const InputArray<std::uint64_t>& begins, std::size_t size) {
                std::vector<std::uint8_t> bytes(begins.shape(0) * size);
                {
                    nb::gil_scoped_release release;
                    ReadBuffer buffer;
                    self.gather(span_of(begins), size, bytes.data(), buffer, false);
                }
                return to_numpy(std::move(bytes));
            },
            "begins"_a, "size"_a,
            "`size` bytes at each of `begins`, a copy, verified; with a source read from there. Raises "
            "Corruption.")
        .def(
            "ensure",
            [](const CheckedFile& self, std::size_t begin, std::size_t end) {
                nb::gil_scoped_release release;
                self.ensure(begin, end);
            },
            "begin"_a, "end"_a, "Verify bytes [begin, end); raises Corruption.")
        .def(
            "damaged_chunks",
            [](const CheckedFile& self) {
                std::vector<std::uint64_t> damaged;
                {
                    nb::gil_scoped_release release;
                    damaged = self.damaged_chunks();
                }
                return to_numpy(std::move(damaged));
            },
            "Offsets of all chunks that differ from their checksum; reads the whole file.");
}

}  // namespace rocchio::bindings
