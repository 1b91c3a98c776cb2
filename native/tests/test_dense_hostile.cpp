// Indexes of vectors made to hurt, with checksums that fit: whatever stands in the arrays, opening throws
// Corruption or searches return rows that are there (run with the sanitizers).

#include <limits>
#include <string>

#include "tests/test_dense_fixture.hpp"

using namespace rocchio;
using namespace rocchio::testing;

namespace {

constexpr std::size_t kRows = 300, kDim = 20, kLists = 9;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kLargest = std::numeric_limits<float>::max();

TestIndex sound(Metric metric) {
    std::mt19937 random(1);
    return {metric, kDim, clustered_vectors(random, kRows, kDim, 8), kLists};
}

void check_rows(const VectorResults& results, std::size_t rows) {
    for (const std::int64_t row : results.rows) CHECK(row >= -1 && row < static_cast<std::int64_t>(rows));
}

/// Everything that an index offers.
void use(const VectorIndex& index) {
    std::mt19937 random(2);
    const std::vector<float> queries = random_vectors(random, 3, kDim);
    const auto mask = mask_of(index.rows(), [](std::size_t row) { return row % 2 == 0; });
    for (const std::uint32_t row : index.listed_rows()) CHECK(row < index.rows());
    for (const std::size_t k : {std::size_t{5}, index.rows() + 1}) {
        check_rows(index.exact({queries, k, std::nullopt}), index.rows());
        check_rows(index.exact({queries, k, mask}), index.rows());
        if (index.lists() == 0) continue;
        for (const Effort& effort : {Effort{2, 20, 10}, Effort{1000, ~std::size_t{0}, ~std::size_t{0}}}) {
            check_rows(index.search({queries, k, std::nullopt}, effort), index.rows());
            check_rows(index.search({queries, k, mask}, effort), index.rows());
        }
    }
}

constexpr InMemory kNothing{false, false};

std::shared_ptr<PageCache> small_cache() {
    return std::make_shared<PageCache>(32 * 5000);
}

void test_random_mutations(Metric metric, int rounds, bool is_read) {
    std::mt19937 random(3);
    const TestIndex untouched = sound(metric);
    int noticed = 0;
    for (int round = 0; round < rounds; ++round) {
        TestIndex hostile = untouched;
        const auto names = hostile.file.names();
        for (std::size_t n = 1 + random() % 2; n > 0; --n)
            mutate(random, hostile.file.bytes_of(names[random() % names.size()]));
        try {
            use(is_read ? *hostile.open(kNothing, small_cache()) : *hostile.open());
        } catch (const Corruption&) {
            ++noticed;
        }
    }
    CHECK(noticed > rounds / 3);
}

/// What opening must say of single, well-aimed changes.
class Opening {
  public:
    explicit Opening(Metric metric) : metric_(metric) {}

    /// The reason why an index is refused after a change of the numbers of one array; empty if it is not.
    template <typename T, typename Change>
    std::string reason(const std::string& name, Change&& change) const {
        TestIndex test = sound(metric_);
        auto& bytes = test.file.bytes_of(name);
        std::vector<T> values(bytes.size() / sizeof(T));
        std::memcpy(values.data(), bytes.data(), bytes.size());
        change(values);
        test.file.put(name, values);
        const auto found = [](auto&& open) -> std::string {
            try {
                use(*open());
            } catch (const Corruption& error) {
                CHECK(error.path == "memory");
                return error.what();
            }
            return "";
        };
        const std::string mapped = found([&] { return test.open(); });
        CHECK(mapped ==
              found([&] { return test.open(kNothing, small_cache()); }));  // what is read is checked too
        return mapped;
    }

    /// The same after a float of the block `number` was set, `offset` bytes from its begin.
    std::string reason_in_block(std::size_t offset, float value) const {
        return reason<std::uint8_t>("list_blocks",
                                    [&](auto& bytes) { std::memcpy(&bytes[offset], &value, sizeof value); });
    }

  private:
    Metric metric_;
};

bool contains(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
}

void test_sizes_that_contradict_each_other(const Opening& opening) {
    const auto cut = [](auto& values) { values.pop_back(); };
    const auto cut_row = [](auto& values) { values.resize(values.size() - 64); };
    const auto cut_constants = [](auto& values) { values.resize(values.size() - 4); };
    CHECK(contains(opening.reason<std::uint8_t>("codes", cut), "expected 64 codes for each row"));
    CHECK(contains(opening.reason<std::uint8_t>("codes", cut_row), "expected 64 codes for each row"));
    CHECK(contains(opening.reason<float>("constants", cut_constants), "expected 64 codes for each row"));
    CHECK(contains(
        opening.reason<float>("originals", [](auto& values) { values.resize(values.size() - kDim); }),
        "expected as many codes as original vectors"));
    CHECK(
        contains(opening.reason<std::uint8_t>("centroid_codes", cut_row), "expected 64 codes for each row"));
    CHECK(contains(opening.reason<float>("centroid_constants", cut_constants),
                   "expected 64 codes for each row"));
    CHECK(contains(opening.reason<std::uint32_t>("list_sizes", cut), "expected a size for each centroid"));
    const char* blocks = "expected as many blocks as the sizes of lists say";
    CHECK(contains(opening.reason<std::uint8_t>("list_blocks", cut), blocks));
    CHECK(contains(opening.reason<std::uint32_t>("list_sizes", [](auto& sizes) { sizes[1] += 32; }), blocks));
    CHECK(contains(opening.reason<std::uint32_t>("list_sizes", [](auto& sizes) { sizes[1] = 0xFFFFFFFFu; }),
                   blocks));
    CHECK(contains(opening.reason<std::uint32_t>("list_sizes",
                                                 [](auto& sizes) { std::ranges::fill(sizes, 0xFFFFFFFFu); }),
                   blocks));
    CHECK(contains(
        opening.reason<std::uint32_t>("list_sizes", [](auto& sizes) { std::ranges::fill(sizes, 0u); }),
        blocks));
    CHECK(contains(opening.reason<std::uint8_t>("list_blocks", [](auto& bytes) { bytes.clear(); }), blocks));
}

void test_constants_out_of_range(const Opening& opening) {
    for (const char* name : {"constants", "centroid_constants"}) {
        for (std::size_t place = 8; place < 12; ++place) {  // scale, low, half_square, error of the third row
            for (const float value : {kNan, kInfinity, -kInfinity, kLargest, -kLargest, -1.0f}) {
                if (place == 9 && value == -1.0f) continue;
                if (place == 11 && value == kLargest) continue;  // nothing is known of such a row
                const auto found =
                    opening.reason<float>(name, [&](auto& numbers) { numbers[place] = value; });
                CHECK(contains(found, "a code's constants are out of range"));
            }
        }
    }
}

void test_blocks_out_of_range(Metric metric) {
    const Opening opening(metric);
    const BlockLayout layout(64, metric);
    CHECK(layout.bytes == 16 * 16 + (metric == Metric::l2 ? 3u : 2u) * 128);
    for (const float value : {kNan, kInfinity, -kInfinity}) {
        for (const std::size_t place : {0u, 31u}) {  // also where there is no row
            CHECK(contains(opening.reason_in_block(layout.factors + 4 * place, value),
                           "a factor is not finite"));
            if (layout.addends != 0)
                CHECK(contains(opening.reason_in_block(layout.addends + 4 * place, value),
                               "an addend is not finite"));
        }
    }
    // finite, whatever they are: rows that are there
    CHECK(opening.reason_in_block(layout.factors, kLargest).empty());
    const auto name_row = [&](std::uint32_t row) {
        return opening.reason<std::uint8_t>("list_blocks", [&](auto& bytes) {
            for (std::size_t block = 0; block < bytes.size(); block += layout.bytes)
                std::memcpy(&bytes[block + layout.rows], &row, sizeof row);
        });
    };
    CHECK(contains(name_row(kRows), "a list names a row past the last"));
    CHECK(contains(name_row(0xFFFFFFFFu), "a list names a row past the last"));
    CHECK(name_row(kRows - 1).empty());  // in every block: once in the results
}

}  // namespace

int main() {
    for (const Metric metric : {Metric::inner_product, Metric::l2}) {
        use(*sound(metric).open());
        test_random_mutations(metric, 600, false);
        test_random_mutations(metric, 600, true);
        test_sizes_that_contradict_each_other(Opening(metric));
        test_constants_out_of_range(Opening(metric));
        test_blocks_out_of_range(metric);
    }
    return rocchio::failures();
}
