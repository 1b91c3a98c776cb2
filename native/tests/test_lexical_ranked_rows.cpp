// What segments find becomes the best over all of them, ties by doc_id.

#include <limits>
#include <stdexcept>

#include "lexical/ranked_rows.hpp"
#include "tests/test_lexical_fixture.hpp"

using namespace rocchio;
using namespace rocchio::testing;

namespace {

constexpr float kNothing = -std::numeric_limits<float>::infinity();

/// Two segments of documents without words.
class Names {
  public:
    Names() : first_(documents({"c", "a", "e"}), 1, 1), second_(documents({"d", "b"}), 1, 1) {}

    Searcher searcher() {
        return {{first_.open(), second_.open()},
                {Variant::impact, 0, 0, 0, 1.0},
                {1.0},
                5,
                std::vector<std::uint64_t>{0}};
    }

  private:
    static std::vector<Document> documents(const std::vector<std::string>& ids) {
        std::vector<Document> made;
        for (const std::string& id : ids) made.push_back({id, {{}}});
        return made;
    }

    TestSegment first_, second_;
};

std::string ids_of(const Searcher& searcher, const BatchResult& result) {
    std::string ids;
    for (const Scored& hit : result.hits) ids += searcher.doc_id(hit.segment, hit.row);
    return ids;
}

void test_ties_are_in_the_order_of_doc_ids() {
    Names names;
    const Searcher searcher = names.searcher();
    const std::vector<std::int64_t> first{0, 1, 2, 2, 1, -1}, second{0, 1, 1, -1};
    const std::vector<float> scores{2, 2, 2, 5, 1, kNothing}, others{2, 2, 1, kNothing};
    const std::vector<RankedRows> parts{{0, 3, first, scores}, {1, 2, second, others}};
    const RankedPlaces all = best_rows(searcher, parts, 2, 5, kNothing);
    CHECK(ids_of(searcher, all.best) == "abcdeeab");
    CHECK((all.best.offsets == std::vector<std::uint64_t>{0, 5, 8}));
    CHECK(all.tied.empty());
    const RankedPlaces two = best_rows(searcher, parts, 2, 2, kNothing);
    CHECK(ids_of(searcher, two.best) == "abea");
    CHECK((two.tied == std::vector<std::pair<std::uint32_t, std::uint32_t>>{{0, 0}}));
    CHECK(ids_of(searcher, best_rows(searcher, parts, 2, 5, 2.0f).best) == "abcdee");
    CHECK(best_rows(searcher, {}, 3, 5, kNothing).best.offsets.size() == 4);
}

void test_rows_past_the_last_are_refused() {
    Names names;
    const Searcher searcher = names.searcher();
    const std::vector<std::int64_t> rows{2};
    const std::vector<float> scores{1};
    CHECK(best_rows(searcher, std::vector<RankedRows>{{0, 1, rows, scores}}, 1, 1, 0.0f).best.hits.size() ==
          1);
    CHECK_THROWS(std::out_of_range,
                 best_rows(searcher, std::vector<RankedRows>{{1, 1, rows, scores}}, 1, 1, 0.0f));
}

}  // namespace

int main() {
    test_ties_are_in_the_order_of_doc_ids();
    test_rows_past_the_last_are_refused();
    return rocchio::failures();
}
