// Any bytes as text: every tokenizer gives tokens that lie in it, in order of their beginnings, with valid
// UTF-8; the stemmer takes any of them. The first byte chooses the tokenizer.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "text/porter.hpp"
#include "text/tokenize.hpp"
#include "text/utf8.hpp"

namespace {

using namespace rocchio::text;

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto kind = static_cast<TokenizerKind>(data[0] % 4);
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    std::size_t last = 0;
    tokenize(kind, text, [&](std::string_view token, std::size_t begin) {
        require(!token.empty() && begin >= last && begin + token.size() <= text.size());
        require(token == text.substr(begin, token.size()));
        last = begin;
        for (std::size_t at = 0; at < token.size();) {
            const Decoded code_point = decode(token, at);
            require(code_point.code_point != kMalformed && code_point.length > 0);
            require(at + code_point.length <= token.size());
            at += code_point.length;
        }
        require(porter_stem(token).size() <= token.size() + 1);
    });
    return 0;
}
