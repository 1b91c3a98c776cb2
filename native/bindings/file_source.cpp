#include "bindings/file_source.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <system_error>
#include <utility>

#include "base/errors.hpp"

#if defined(_WIN32)
#include <io.h>
#else
#include <fcntl.h>
#include <unistd.h>
#endif

namespace rocchio::bindings {

namespace {

constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;

#if defined(_WIN32)
std::ptrdiff_t read_at(int descriptor, std::uint8_t* into, std::size_t size, std::uint64_t offset) {
    if (_lseeki64(descriptor, static_cast<__int64>(offset), SEEK_SET) < 0) return -1;
    return _read(descriptor, into, static_cast<unsigned>(size));
}
#else
std::ptrdiff_t read_at(int descriptor, std::uint8_t* into, std::size_t size, std::uint64_t offset) {
    return ::pread(descriptor, into, size, static_cast<off_t>(offset));
}
#endif

}  // namespace

FileSource::FileSource(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {
#if defined(POSIX_FADV_RANDOM)
    // what is read ahead of a page that is wanted is not wanted; this is advice, a refusal changes nothing
    (void)::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_RANDOM);
#endif
}

FileSource::~FileSource() {
#if defined(_WIN32)
    _close(descriptor_);
#else
    ::close(descriptor_);
#endif
}

void FileSource::read(std::uint64_t offset, std::span<std::uint8_t> into) const {
#if defined(_WIN32)
    const std::lock_guard lock(mutex_);
#endif
    while (!into.empty()) {
        const std::ptrdiff_t count =
            read_at(descriptor_, into.data(), std::min(into.size(), kMostAtOnce), offset);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw std::system_error(errno, std::generic_category(), path_);
        if (count == 0) throw Corruption(path_, offset, "the file ends before the bytes that are needed");
        into = into.subspan(static_cast<std::size_t>(count));
        offset += static_cast<std::uint64_t>(count);
    }
}

void FileSource::expect(std::uint64_t offset, std::uint64_t size) const {
#if defined(POSIX_FADV_WILLNEED)
    (void)::posix_fadvise(descriptor_, static_cast<off_t>(offset), static_cast<off_t>(size),
                          POSIX_FADV_WILLNEED);
#else
    (void)offset, (void)size;
#endif
}

}  // namespace rocchio::bindings
