#pragma once
// Reads of an open file at given places.

#include <mutex>
#include <string>

#include "base/byte_source.hpp"

namespace rocchio::bindings {

class FileSource final : public ByteSource {
  public:
    /// Takes over the descriptor of a file, which is closed at the end; `path` is for messages.
    FileSource(int descriptor, std::string path);
    ~FileSource() override;
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;

    void read(std::uint64_t offset, std::span<std::uint8_t> into) const override;
    void expect(std::uint64_t offset, std::uint64_t size) const override;

  private:
    int descriptor_;
    std::string path_;
    mutable std::mutex mutex_;  // where a read needs the file's position
};

}  // namespace rocchio::bindings
