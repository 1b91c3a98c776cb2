#pragma once
// Indexes of vectors in memory for tests: codes and lists built from originals, in a file that can be changed
// before it is opened.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <numeric>
#include <random>
#include <span>
#include <vector>

#include "base/bitmap.hpp"
#include "dense/clusters.hpp"
#include "dense/lists.hpp"
#include "dense/vector_index.hpp"
#include "tests/check.hpp"
#include "tests/memory_file.hpp"

namespace rocchio::testing {

using namespace rocchio::dense;

constexpr std::uint64_t kSeed = 7;

inline std::vector<float> random_vectors(std::mt19937& random, std::size_t count, std::size_t dim,
                                         float size = 1.0f) {
    std::normal_distribution<float> normal(0.0f, size);
    std::vector<float> values(count * dim);
    for (float& value : values) value = normal(random);
    return values;
}

/// Vectors around some centers, which lists are for.
inline std::vector<float> clustered_vectors(std::mt19937& random, std::size_t count, std::size_t dim,
                                            std::size_t clusters) {
    const std::vector<float> centers = random_vectors(random, clusters, dim);
    std::vector<float> values = random_vectors(random, count, dim, 0.5f);
    for (std::size_t row = 0; row < count; ++row) {
        const std::size_t cluster = random() % clusters;
        for (std::size_t j = 0; j < dim; ++j) values[row * dim + j] += centers[cluster * dim + j];
    }
    return values;
}

inline std::vector<float> mean_of(Metric metric, std::span<const float> vectors, std::size_t dim) {
    std::vector<double> sums(dim);
    const std::size_t count = vectors.size() / dim;
    for (std::size_t row = 0; row < count; ++row) {
        const std::span<const float> vector = vectors.subspan(row * dim, dim);
        double square = 0.0;
        for (const float value : vector) square += double{value} * double{value};
        const double length = metric == Metric::cosine && square > 0.0 ? std::sqrt(square) : 1.0;
        for (std::size_t j = 0; j < dim; ++j) sums[j] += vector[j] / length;
    }
    std::vector<float> mean;
    for (const double sum : sums)
        mean.push_back(static_cast<float>(sum / static_cast<double>(std::max<std::size_t>(count, 1))));
    return mean;
}

class TestIndex {
  public:
    /// Builds `lists` lists (none: 0) of all rows, around rows that are drawn at random.
    TestIndex(Metric metric_, std::size_t dim_, const std::vector<float>& vectors, std::size_t lists)
        : metric(metric_), dim(dim_), mean(mean_of(metric_, vectors, dim_)) {
        file.put("originals", vectors);
        build(vectors, lists);
    }

    /// The same of float16 originals, given as bits.
    TestIndex(Metric metric_, std::size_t dim_, const std::vector<std::uint16_t>& bits, std::size_t lists)
        : metric(metric_), dim(dim_), is_half(true) {
        std::vector<float> vectors(bits.size());
        kernels::vector_kernels().widen(bits.data(), bits.size(), vectors.data());
        mean = mean_of(metric, vectors, dim);
        file.put("originals", bits);
        build(vectors, lists);
    }

    /// Opens the index over a fresh buffer; this object must outlive it. With a cache, what is not in memory
    /// is read.
    std::shared_ptr<const VectorIndex> open(InMemory in_memory = {},
                                            const std::shared_ptr<PageCache>& cache = nullptr) {
        file.seal(cache);
        reading = cache ? Reading::passing : Reading::none;
        const CodeArrays codes{file.array<std::uint8_t>("codes"), file.array<RowConstants>("constants")};
        const CodeArrays centroids{file.array<std::uint8_t>("centroid_codes"),
                                   file.array<RowConstants>("centroid_constants")};
        return std::make_shared<const VectorIndex>(
            Transform(metric, dim, kSeed, mean), originals(), codes,
            ListArrays{centroids, file.array<std::uint32_t>("list_sizes"),
                       file.array<std::uint8_t>("list_blocks")},
            in_memory);
    }

    /// As they are in the file, which must be sealed.
    Originals originals() const {
        if (is_half) return {file.array<std::uint16_t>("originals"), dim, reading};
        return {file.array<float>("originals"), dim, reading};
    }

    Metric metric;
    std::size_t dim;
    bool is_half = false;
    Reading reading = Reading::none;
    std::vector<float> mean;
    MemoryFile file;

  private:
    void build(const std::vector<float>& vectors, std::size_t lists) {
        const Transform transform(metric, dim, kSeed, mean);
        const std::size_t width = transform.width(), count = vectors.size() / dim;
        std::vector<std::uint8_t> codes(count * width);
        std::vector<RowConstants> constants;
        std::vector<float> values(width);
        for (std::size_t row = 0; row < count; ++row) {
            const float error = transform.row(vectors.data() + row * dim, values.data());
            constants.push_back(encode(values.data(), width, error, codes.data() + row * width));
        }
        file.put("codes", codes);
        file.put("constants", constants);
        build_lists({codes.data(), constants.data(), width}, count, lists);
    }

    void build_lists(const CodedRows& coded, std::size_t count, std::size_t lists) {
        std::mt19937 random(11);
        std::vector<float> values(lists * coded.width);
        for (std::size_t list = 0; list < lists; ++list) {
            const std::size_t row = random() % count;
            decode(coded.codes + row * coded.width, coded.width, coded.constants[row],
                   &values[list * coded.width]);
        }
        std::vector<std::uint8_t> centroid_codes(values.size()), blocks;
        std::vector<RowConstants> centroid_constants;
        for (std::size_t list = 0; list < lists; ++list)
            centroid_constants.push_back(
                encode(&values[list * coded.width], coded.width, 0.0f, &centroid_codes[list * coded.width]));
        std::vector<std::uint32_t> sizes;
        if (lists > 0) {
            std::vector<std::uint64_t> offsets;
            const std::vector<std::uint32_t> rows =
                listed_twice(coded, count, Centroids(values, coded.width), offsets);
            for (std::size_t list = 0; list < lists; ++list)
                sizes.push_back(static_cast<std::uint32_t>(offsets[list + 1] - offsets[list]));
            blocks =
                pack_lists(coded, metric, {centroid_codes.data(), centroid_constants.data(), coded.width},
                           rows, offsets, 0, lists);
        }
        file.put("centroid_codes", centroid_codes);
        file.put("centroid_constants", centroid_constants);
        file.put("list_sizes", sizes);
        file.put("list_blocks", blocks);
    }

    static std::vector<std::uint32_t> listed_twice(const CodedRows& coded, std::size_t count,
                                                   const Centroids& centroids,
                                                   std::vector<std::uint64_t>& offsets) {
        std::vector<std::uint32_t> all(count), first(count), second(count), rows;
        std::iota(all.begin(), all.end(), 0u);
        centroids.nearest_two(coded, all, first.data(), second.data());
        offsets.assign(1, 0);
        for (std::uint32_t list = 0; list < centroids.size(); ++list) {
            for (const std::uint32_t row : all)
                if (first[row] == list || second[row] == list) rows.push_back(row);
            offsets.push_back(rows.size());
        }
        return rows;
    }
};

/// A mask of the rows for which `is_allowed` holds.
template <typename Predicate>
std::vector<std::uint8_t> mask_of(std::size_t rows, Predicate is_allowed) {
    std::vector<std::uint8_t> mask(bitmap_bytes(rows));
    for (std::size_t row = 0; row < rows; ++row)
        if (is_allowed(row)) mask[row / 8] = static_cast<std::uint8_t>(mask[row / 8] | 1u << (row % 8));
    return mask;
}

}  // namespace rocchio::testing
