#include <nanobind/nanobind.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include <algorithm>

#include "base/checked_file.hpp"
#include "base/crc32c.hpp"
#include "bindings/arrays.hpp"
#include "bindings/bind.hpp"

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

    nb::class_<CheckedFile>(module, "CheckedFile",
                            "A mapped file whose chunks are verified when first touched.")
        .def(
            "__init__",
            [](CheckedFile* self, std::string path, const InputArray<std::uint8_t>& data,
               const InputArray<std::uint32_t>& checksums) {
                const auto sums = span_of(checksums);
                new (self) CheckedFile(std::move(path), span_of(data), {sums.begin(), sums.end()});
            },
            "path"_a, "data"_a, "checksums"_a, nb::keep_alive<1, 3>())
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
