#include "bindings/hits_json.hpp"

#include <array>
#include <charconv>
#include <string_view>

#include "base/errors.hpp"
#include "text/utf8.hpp"

namespace rocchio::bindings {
namespace {

void check_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const text::Decoded next = text::decode(text, at);
        if (next.code_point == text::kMalformed)
            throw Corruption("index.arrays", 0, "a string of the index is not UTF-8");
        at += next.length;
    }
}

void write_string(std::string_view text, std::string& out) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    check_utf8(text);
    out.push_back('"');
    for (const char character : text) {
        const auto byte = static_cast<unsigned char>(character);
        if (byte < 0x20) {
            out.append("\\u00");
            out.push_back(kDigits[byte >> 4]);
            out.push_back(kDigits[byte & 15]);
            continue;
        }
        if (byte == '"' || byte == '\\') out.push_back('\\');
        out.push_back(character);
    }
    out.push_back('"');
}

/// The fewest digits that are this double and no other. A whole number keeps a point: it is no integer.
void write_number(double number, std::string& out) {
    std::array<char, 32> digits;
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    const std::string_view text(digits.data(), static_cast<std::size_t>(written.ptr - digits.data()));
    out.append(text);
    if (text.find_first_of(".e") == std::string_view::npos) out.append(".0");
}

}  // namespace

std::string hits_json(const lexical::Searcher& searcher, std::span<const lexical::Scored> hits) {
    std::string out = "[";
    for (const lexical::Scored& hit : hits) {
        if (out.size() > 1) out.push_back(',');
        out.append("{\"doc_id\":");
        write_string(searcher.doc_id(hit.segment, hit.row), out);
        out.append(",\"score\":");
        write_number(static_cast<double>(hit.score), out);
        out.push_back('}');
    }
    out.push_back(']');
    return out;
}

}  // namespace rocchio::bindings
