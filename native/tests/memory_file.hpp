#pragma once
// Files in memory for tests: arrays laid out in one buffer, as a file would hold them, with computed
// checksums, so that any array can be changed and still carry a checksum that fits.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/checked_file.hpp"
#include "base/crc32c.hpp"

namespace rocchio::testing {

inline std::vector<std::uint32_t> chunk_checksums(std::span<const std::uint8_t> bytes) {
    std::vector<std::uint32_t> sums;
    for (std::size_t begin = 0; begin < bytes.size(); begin += kChunkBytes) {
        sums.push_back(crc32c(bytes.subspan(begin, std::min(kChunkBytes, bytes.size() - begin))));
    }
    return sums;
}

/// The bytes of a file that is in memory, which must outlive this; counts what is read.
class MemorySource final : public ByteSource {
  public:
    explicit MemorySource(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    void read(std::uint64_t offset, std::span<std::uint8_t> into) const override {
        if (offset + into.size() > bytes_.size()) throw Corruption("memory", offset, "the file ends");
        std::memcpy(into.data(), bytes_.data() + offset, into.size());
        read_bytes += into.size();
    }
    void expect(std::uint64_t, std::uint64_t) const override { expected += 1; }

    mutable std::uint64_t read_bytes = 0, expected = 0;

  private:
    std::span<const std::uint8_t> bytes_;
};

/// A file in memory. The buffer is exactly as long as the file, so a sanitizer sees every byte read past it.
class MemoryFile {
  public:
    MemoryFile() = default;
    MemoryFile(MemoryFile&&) = default;
    /// A copy has the same arrays, and is sealed when it is opened.
    MemoryFile(const MemoryFile& other) : arrays_(other.arrays_) {}

    template <typename T>
    void put(const std::string& name, const std::vector<T>& values) {
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(values.data());
        arrays_[name].assign(bytes, bytes + values.size() * sizeof(T));
    }
    std::vector<std::uint8_t>& bytes_of(const std::string& name) { return arrays_.at(name); }
    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& [name, bytes] : arrays_) all.push_back(name);
        return all;
    }

    /// Lays the arrays out, each aligned to 64 bytes, and computes the checksums. With a cache the file can
    /// be read.
    void seal(const std::shared_ptr<PageCache>& cache = nullptr) {
        offsets_.clear();
        std::size_t size = 0;
        for (const auto& [name, bytes] : arrays_) {
            size = (size + 63) / 64 * 64;
            offsets_[name] = size;
            size += bytes.size();
        }
        size_ = size;
        buffer_.reset(static_cast<std::uint8_t*>(::operator new(size + 1, std::align_val_t{64})));
        std::memset(buffer_.get(), 0, size);
        for (const auto& [name, bytes] : arrays_) {
            if (!bytes.empty()) std::memcpy(buffer_.get() + offsets_[name], bytes.data(), bytes.size());
        }
        const std::span<const std::uint8_t> all{buffer_.get(), size_};
        Paging paging;
        if (cache) paging = {std::make_shared<MemorySource>(all), cache};
        file_ = std::make_shared<CheckedFile>("memory", all, chunk_checksums(all), paging);
    }
    template <typename T>
    CheckedArray<T> array(const std::string& name) const {
        return {file_, offsets_.at(name), arrays_.at(name).size() / sizeof(T)};
    }

  private:
    struct Free {
        void operator()(std::uint8_t* bytes) const { ::operator delete(bytes, std::align_val_t{64}); }
    };
    std::map<std::string, std::vector<std::uint8_t>> arrays_;
    std::map<std::string, std::size_t> offsets_;
    std::unique_ptr<std::uint8_t, Free> buffer_;
    std::size_t size_ = 0;
    std::shared_ptr<const CheckedFile> file_;
};

/// One change of one array: of a byte, a word, its length, the order of two words, ...
inline void mutate(std::mt19937& random, std::vector<std::uint8_t>& bytes) {
    const auto place = [&](std::size_t width) -> std::size_t {
        return bytes.size() < width ? 0 : random() % (bytes.size() / width) * width;
    };
    const auto put = [&](std::size_t at, std::uint64_t value, std::size_t width) {
        if (at + width <= bytes.size()) std::memcpy(bytes.data() + at, &value, width);
    };
    const std::uint64_t extremes[] = {0,
                                      1,
                                      2,
                                      0x7F,
                                      0xFF,
                                      0xFFFFFFFF,
                                      0x80000000,
                                      0x7FFFFFFF,
                                      bytes.size(),
                                      ~std::uint64_t{0},
                                      std::uint64_t{1} << 63,
                                      std::uint64_t{1} << 32};
    switch (random() % 8) {
        case 0:
            if (!bytes.empty()) bytes[place(1)] ^= static_cast<std::uint8_t>(1u << (random() % 8));
            break;
        case 1:
            if (!bytes.empty()) bytes[place(1)] = static_cast<std::uint8_t>(random());
            break;
        case 2:
            put(place(4), extremes[random() % 12], 4);
            break;
        case 3:
            put(place(8), extremes[random() % 12], 8);
            break;
        case 4:
            put(place(4), random() % 400, 4);
            break;
        case 5:
            bytes.resize(bytes.empty() ? 0 : random() % bytes.size() / 8 * 8);
            break;
        case 6:
            bytes.resize(bytes.size() + 8 * (1 + random() % 4), static_cast<std::uint8_t>(random()));
            break;
        default: {
            const std::size_t a = place(8);
            const std::size_t b = place(8);
            for (std::size_t i = 0; i < 8 && a + i < bytes.size() && b + i < bytes.size(); ++i) {
                std::swap(bytes[a + i], bytes[b + i]);
            }
        }
    }
}

}  // namespace rocchio::testing
