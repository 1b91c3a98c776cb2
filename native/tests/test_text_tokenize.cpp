#include <random>
#include <string>
#include <vector>

#include "tests/check.hpp"
#include "text/tokenize.hpp"

using namespace rocchio::text;
using Tokens = std::vector<std::string>;

namespace {

Tokens cut(TokenizerKind kind, std::string_view text) {
    Tokens tokens;
    tokenize(kind, text, [&](std::string_view token, std::size_t at) {
        CHECK(!token.empty() && at + token.size() <= text.size());
        CHECK(text.substr(at, token.size()) == token);
        tokens.emplace_back(token);
    });
    return tokens;
}

Tokens standard(std::string_view text) {
    return cut(TokenizerKind::standard, text);
}

std::string repeat(std::string_view text, int count) {
    std::string all;
    for (int i = 0; i < count; ++i) {
        all += text;
    }
    return all;
}

void test_standard() {
    CHECK(standard("").empty());
    CHECK(standard(" \t.,;!").empty());
    CHECK((standard("The quick, brown fox") == Tokens{"The", "quick", "brown", "fox"}));
    CHECK((standard("can't U.S.A. a:b a;b a,b") == Tokens{"can't", "U.S.A", "a:b", "a", "b", "a", "b"}));
    CHECK((standard("3.14 1,000.5 1;2 3'4 1:2 5. 6") ==
           Tokens{"3.14", "1,000.5", "1;2", "3'4", "1", "2", "5", "6"}));
    CHECK((standard("a.5 5.a a1b2") == Tokens{"a", "5", "5", "a", "a1b2"}));
    CHECK((standard("foo_bar _x_ __ ___a") == Tokens{"foo_bar", "_x_", "___a"}));
    CHECK((standard("e-mail x@y.com") == Tokens{"e", "mail", "x", "y.com"}));
    CHECK((standard("l\u2019homme a\u00B7b") == Tokens{"l\u2019homme", "a\u00B7b"}));
    CHECK((standard("e\u0301te\u0301 a\u00ADb") == Tokens{"e\u0301te\u0301", "a\u00ADb"}));
    CHECK((standard("a\u0301.\u0301b") == Tokens{"a\u0301.\u0301b"}));
    CHECK((standard("\u6F22\u5B57\u304B\u306A") == Tokens{"\u6F22", "\u5B57", "\u304B", "\u306A"}));
    CHECK((standard("\u30AB\u30BF\u30AB\u30CA\u30FC x\u30AB") ==
           Tokens{"\u30AB\u30BF\u30AB\u30CA\u30FC", "x", "\u30AB"}));
    CHECK((standard("\u30AB_\u30AB") == Tokens{"\u30AB_\u30AB"}));
    CHECK((standard("\uD55C\uAD6D\uC5B4 a\uD55C") == Tokens{"\uD55C\uAD6D\uC5B4", "a\uD55C"}));
    CHECK((standard("\u0E20\u0E32\u0E29\u0E32 x") == Tokens{"\u0E20\u0E32\u0E29\u0E32", "x"}));
    CHECK((standard("\u05D0\u0022\u05D1 \u05D0' a\u0022b") == Tokens{"\u05D0\"\u05D1", "\u05D0'", "a", "b"}));
    CHECK((standard("\U0001F600 \u2460 ok") == Tokens{"ok"}));
}

void test_words() {
    const auto words = [](std::string_view text) { return cut(TokenizerKind::words, text); };
    CHECK((words("A cat's 3.14 foo_bar __ _") == Tokens{"cat", "14", "foo_bar", "__"}));
    CHECK((words("\u00E9t\u00E9 \u6F22\u5B57 \u00B2\u00B2 e\u0301") ==
           Tokens{"\u00E9t\u00E9", "\u6F22\u5B57", "\u00B2\u00B2"}));
    CHECK((words("x\u0130y \u0130b \u0130") == Tokens{"x\u0130"}));
    CHECK((words("\u0130st") == Tokens{"st"}));
}

void test_cjk_bigrams() {
    const auto bigrams = [](std::string_view text) { return cut(TokenizerKind::cjk_bigrams, text); };
    CHECK((bigrams("\u6F22\u5B57\u304B") == Tokens{"\u6F22\u5B57", "\u5B57\u304B"}));
    CHECK((bigrams("\u6F22 x.y \u5B57") == Tokens{"\u6F22", "x.y", "\u5B57"}));
    CHECK((bigrams("ab\u6F22\u5B57cd") == Tokens{"ab", "\u6F22\u5B57", "cd"}));
    CHECK((bigrams("a\uD55C\uAD6D1") == Tokens{"a", "\uD55C\uAD6D", "1"}));
    CHECK((bigrams("\u304B\u3099\u306A") == Tokens{"\u304B\u3099\u306A"}));
    CHECK((bigrams("a.\uD55C") == Tokens{"a", "\uD55C"}));
}

void test_whitespace() {
    const auto pieces = [](std::string_view text) { return cut(TokenizerKind::whitespace, text); };
    CHECK((pieces("  a,b\t##ing\u00A0c\u3000d\n") == Tokens{"a,b", "##ing", "c", "d"}));
}

void test_long_tokens() {
    for (const char* letter : {"a", "\u00E9", "\u0E20", "\U00010400"}) {
        for (const auto kind : {TokenizerKind::standard, TokenizerKind::words, TokenizerKind::whitespace}) {
            const std::string text = repeat(letter, 600);
            const Tokens expected{repeat(letter, 255), repeat(letter, 255), repeat(letter, 90)};
            CHECK(cut(kind, text) == expected);
            CHECK((cut(kind, repeat(letter, 255)) == Tokens{repeat(letter, 255)}));
        }
    }
    CHECK((standard(repeat("a", 254) + ".b") == Tokens{repeat("a", 254) + ".", "b"}));
    CHECK(standard(repeat("_", 100000)).empty());
    // every piece is 255 code points and loses the mark that would begin the next one
    CHECK(standard(repeat("a\u0301", 100000)).size() == 782);
}

void test_malformed() {
    CHECK((standard("ab\xFF"
                    "cd\xC3") == Tokens{"ab", "cd"}));
    CHECK((standard("a\xC0\xAF"
                    "b") == Tokens{"a", "b"}));  // overlong
    CHECK((standard("a\xED\xA0\x80"
                    "b") == Tokens{"a", "b"}));  // a surrogate
    CHECK((standard("a\xF4\x90\x80\x80"
                    "b") == Tokens{"a", "b"}));  // beyond U+10FFFF
    CHECK((cut(TokenizerKind::whitespace,
               "a\x80"
               "b") == Tokens{"a", "b"}));
}

/// Random bytes, half of them from the beginnings and ends of sequences; exactly sized buffers for the
/// sanitizer.
void test_random_bytes() {
    std::mt19937 random(1);
    const std::string seeds =
        "a1_.',:\" \xC3\xA9\xE6\xBC\xA2\xED\x95\x9C\xE3\x81\x8B\xE3\x82\xAB\xD7\x90\xCC\x81\xF0\x9F\x98\x80";
    for (int round = 0; round < 20000; ++round) {
        std::vector<char> bytes(random() % 40);
        for (char& byte : bytes) {
            byte = random() % 4 == 0 ? static_cast<char>(random()) : seeds[random() % seeds.size()];
        }
        bytes.shrink_to_fit();
        for (const auto kind : {TokenizerKind::standard, TokenizerKind::words, TokenizerKind::cjk_bigrams,
                                TokenizerKind::whitespace}) {
            for (const std::string& token : cut(kind, {bytes.data(), bytes.size()})) {
                for (std::size_t at = 0; at < token.size();) {  // tokens are valid UTF-8
                    const Decoded next = decode(token, at);
                    CHECK(next.code_point != kMalformed);
                    at += next.length;
                }
            }
        }
    }
}

}  // namespace

int main() {
    test_standard();
    test_words();
    test_cjk_bigrams();
    test_whitespace();
    test_long_tokens();
    test_malformed();
    test_random_bytes();
    return rocchio::failures();
}
