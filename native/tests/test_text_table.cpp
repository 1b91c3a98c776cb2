#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/check.hpp"
#include "text/token_table.hpp"

using namespace rocchio::text;

namespace {

template <typename Call>
bool is_refused(Call call) {
    try {
        call();
    } catch (const std::invalid_argument&) {
        return true;
    }
    return false;
}

/// The same ids as a std::map would give, for strings of every length around the inline limit, through
/// growth.
void test_interner() {
    StringInterner interner(42);
    std::map<std::string, std::uint32_t> expected;
    std::mt19937 random(2);
    for (int round = 0; round < 50000; ++round) {
        std::string text(random() % 24, '\0');
        for (char& c : text) {
            c = static_cast<char>(random() % 3);  // with zero bytes: padding must not be mistaken for content
        }
        const std::string_view view = text;
        const auto id = expected.try_emplace(text, static_cast<std::uint32_t>(expected.size())).first->second;
        // the same key whether more bytes than the string's may be read or not
        const std::string longer = text + "0123456789abcdefghij";
        const std::string_view prefix = std::string_view(longer).substr(0, view.size());
        CHECK(interner.intern(prefix, interner.key_of(prefix, longer.size())) == id);
        CHECK(interner.intern(view) == id);
        CHECK(interner.find(view) == id);
        CHECK(interner[id] == view);
    }
    CHECK(interner.size() == expected.size());
    CHECK(!interner.find("not there"));
    CHECK(interner.memory_bytes() > expected.size() * 24);
}

void test_table() {
    TokenTable table(TokenizerKind::standard);
    const std::string data = "the dog the cat";
    const std::vector<std::int64_t> offsets{0, 7, 7, 15};
    const TokenBatch tokens = table.tokenize(data, offsets);
    CHECK((tokens.ids == std::vector<std::uint32_t>{0, 1, 0, 2}));
    CHECK((tokens.offsets == std::vector<std::int64_t>{0, 2, 2, 4}));
    CHECK(table.terms_of(tokens.ids)[0] == kUnresolved);
    CHECK(is_refused([&] { return table.map(tokens.ids, tokens.offsets); }));
    table.resolve_next(std::nullopt);
    table.resolve_next("animal");
    table.resolve_next("animal");
    CHECK((table.terms_of(tokens.ids) == std::vector<std::uint32_t>{kDropped, 0, kDropped, 0}));
    const TokenBatch terms = table.map(tokens.ids, tokens.offsets);
    CHECK((terms.ids == std::vector<std::uint32_t>{0, 0}));
    CHECK((terms.offsets == std::vector<std::int64_t>{0, 1, 1, 2}));
    CHECK(is_refused([&] { return table.terms_of(std::vector<std::uint32_t>{3}); }));
    const std::vector<Span> spans = table.spans("a cat");
    CHECK(spans.size() == 2 && spans[1].surface == 2 && spans[1].start == 2 && spans[1].end == 5);
}

void test_offsets() {
    TokenTable table(TokenizerKind::words);
    for (const std::vector<std::int64_t>& offsets :
         std::vector<std::vector<std::int64_t>>{{}, {-1, 2}, {0, 3, 2}, {0, 5}, {5}}) {
        CHECK(is_refused([&] { return table.tokenize("four", offsets); }));
    }
    CHECK(table.tokenize("four", std::vector<std::int64_t>{4}).ids.empty());
    CHECK(table.tokenize("", std::vector<std::int64_t>{0, 0}).offsets.size() == 2);
}

void test_distinct_ids() {
    std::mt19937 random(3);
    for (std::size_t size : {0U, 1U, 2U, 7U, 200U}) {
        std::vector<std::uint32_t> given(size);
        for (auto& id : given) id = static_cast<std::uint32_t>(random() % 50);
        const DistinctIds found = distinct_ids(given);
        CHECK(found.ids.size() == std::set<std::uint32_t>(given.begin(), given.end()).size());
        CHECK(std::ranges::is_sorted(found.ids));
        CHECK(found.places.size() == size);
        for (std::size_t i = 0; i < size; ++i) CHECK(found.ids.at(found.places[i]) == given[i]);
    }
}

}  // namespace

int main() {
    test_interner();
    test_distinct_ids();
    test_table();
    test_offsets();
    return rocchio::failures();
}
