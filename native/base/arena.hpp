#pragma once
// Memory for many arrays that are read together and are given back together, in a few large pieces. Arrays
// that lie all over the heap need an entry of the translation buffer for every 4 KB; a piece is in huge pages
// (2 MB) where the system has them to give.

#include <cstddef>
#include <memory>
#include <mutex>

namespace rocchio {

/// Safe for many threads.
class Arena {
  public:
    static constexpr std::size_t kAlignment = 64;

    /// Memory for `bytes`, not initialised, aligned to kAlignment. It stays as long as the pointer, with the
    /// piece it is in, whether or not the arena is still there.
    std::shared_ptr<std::byte> allocate(std::size_t bytes);

  private:
    static constexpr std::size_t kLeastPiece = std::size_t{1} << 12;
    static constexpr std::size_t kMostPiece = std::size_t{1} << 25;

    std::mutex mutex_;
    std::shared_ptr<std::byte> piece_;
    std::size_t piece_bytes_ = 0;
    std::size_t used_ = 0;       // of the piece
    std::size_t allocated_ = 0;  // in all: the next piece is about as large
};

}  // namespace rocchio
