#include "lexical/frozen.hpp"

#include <algorithm>
#include <cmath>

#include "lexical/column_layout.hpp"
#include "lexical/frozen_check.hpp"
#include "lexical/segment_scoring.hpp"

namespace rocchio::lexical {
namespace {

constexpr double kLayout = 1.0;    // of the bytes of a column; another one is not used
constexpr std::size_t kFixed = 9;  // numbers of an identity before the boosts

}  // namespace

std::vector<double> column_identity(const Segment& segment, const Scoring& scoring,
                                    std::span<const double> field_weights) {
    // without length normalisation the average plays no part
    const double average = scoring.b > 0.0 ? scoring.average_length : 1.0;
    std::vector<double> identity{kLayout,
                                 static_cast<double>(segment.row_count()),
                                 static_cast<double>(segment.term_count()),
                                 static_cast<double>(segment.posting_count()),
                                 static_cast<double>(scoring.variant),
                                 scoring.k1,
                                 scoring.b,
                                 scoring.delta,
                                 average};
    identity.insert(identity.end(), field_weights.begin(), field_weights.end());
    return identity;
}

void encode_column(const ColumnArrays& column, std::size_t segment_rows, std::vector<std::uint8_t>& bytes) {
    const std::size_t begin = bytes.size();
    bytes.resize(begin + encoded_size(header_of(column), segment_rows));
    write_column(column, segment_rows, bytes.data() + begin);
}

FrozenColumns::FrozenColumns(FrozenArrays arrays) : arrays_(std::move(arrays)) {
    if (arrays_.terms.size() != arrays_.begins.size()) {
        arrays_.begins.fail(0, "the places of frozen columns do not fit their terms");
    }
}

bool FrozenColumns::fits(const Segment& segment, const Scoring& scoring,
                         std::span<const double> field_weights) const {
    const std::vector<double> wanted = column_identity(segment, scoring, field_weights);
    return arrays_.made_for.size() == wanted.size() && std::ranges::equal(arrays_.made_for.all(), wanted);
}

/// The bytes of a column, verified, with lengths that are possible.
std::span<const std::uint8_t> FrozenColumns::encoded(std::uint64_t begin, const Segment& segment) const {
    const CheckedArray<std::uint8_t>& columns = arrays_.columns;
    if (begin % kColumnAlignment != 0 || begin > columns.size() ||
        columns.size() - begin < sizeof(ColumnHeader)) {
        columns.fail(0, "a frozen column begins at an impossible place");
    }
    const ColumnHeader header = read_header(columns.view(begin, begin + sizeof(ColumnHeader)).data());
    if (header.size > segment.row_count() || header.entry_blocks > header.size ||
        header.escapes > header.size) {
        columns.fail(begin, "a frozen column is longer than its segment");
    }
    const std::size_t size = encoded_size(header, segment.row_count());
    if (size > columns.size() - begin) columns.fail(begin, "a frozen column reaches past its array");
    const auto bytes = columns.view(begin, begin + size);
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(kernels::DirectoryWord) != 0) {
        columns.fail(begin, "a frozen column is not aligned");
    }
    return bytes;
}

std::unique_ptr<const Column> FrozenColumns::find(const Segment& segment, std::uint32_t term) const {
    std::size_t low = 0;
    std::size_t high = arrays_.terms.size();
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (arrays_.terms.at(middle) < term) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == arrays_.terms.size() || arrays_.terms.at(low) != term) return nullptr;
    const std::uint64_t begin = arrays_.begins.at(low);
    const ColumnArrays column = arrays_in(encoded(begin, segment).data(), segment.row_count());
    if (const char* reason = broken_rule(column, segment.row_count(), segment.code_count())) {
        arrays_.columns.fail(begin, reason);
    }
    return std::make_unique<const Column>(column);
}

void FrozenColumns::validate(const Segment& segment) const {
    const auto made_for = arrays_.made_for.all();
    const auto fail = [&](const char* reason) { arrays_.made_for.fail(0, reason); };
    if (made_for.empty() || made_for[0] != kLayout) return;  // of another version, which is not used
    if (made_for.size() != kFixed + segment.field_count()) fail("boosts do not fit the number of fields");
    const auto is_within = [&](std::size_t i, double most) {
        return made_for[i] >= 0.0 && made_for[i] <= most;
    };
    if (!is_within(4, static_cast<double>(Variant::anserini)) || !is_within(5, 1000.0) ||
        !is_within(6, 1.0) || !is_within(7, 1000.0) || !(made_for[8] > 0.0) || !std::isfinite(made_for[8]) ||
        !std::ranges::all_of(made_for.subspan(kFixed), [](double w) { return w >= 0.0 && w <= 1e9; })) {
        fail("the scoring that columns were frozen for is impossible");
    }
    const Scoring scoring{static_cast<Variant>(static_cast<int>(made_for[4])), made_for[5], made_for[6],
                          made_for[7], made_for[8]};
    const auto field_weights = made_for.subspan(kFixed);
    if (!fits(segment, scoring, field_weights)) fail("columns were frozen for another segment");
    const SegmentScoring prepared(segment, scoring, field_weights);
    std::vector<std::uint8_t> expected;
    Arena memory;
    for (std::size_t i = 0; i < arrays_.terms.size(); ++i) {
        const std::uint32_t term = arrays_.terms.at(i);
        if (term >= segment.term_count() || (i > 0 && arrays_.terms.at(i - 1) >= term)) {
            arrays_.terms.fail(i, "frozen terms are not in order");
        }
        expected.clear();
        encode_column(Column(segment.postings(term), prepared.for_columns(), memory).arrays(),
                      segment.row_count(), expected);
        const std::uint64_t begin = arrays_.begins.at(i);
        if (!std::ranges::equal(encoded(begin, segment), expected)) {
            arrays_.columns.fail(begin, "a frozen column is not that of its postings");
        }
    }
}

}  // namespace rocchio::lexical
