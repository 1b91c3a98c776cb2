#pragma once
// Cutting text into tokens. Bytes that are not UTF-8 separate tokens; no byte sequence is refused.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "text/unicode_tables.hpp"
#include "text/utf8.hpp"

namespace rocchio::text {

enum class TokenizerKind : std::uint8_t {
    standard,     // Unicode word boundaries, as Lucene's StandardTokenizer applies them, without emoji
    words,        // runs of two or more of Python's \w
    cjk_bigrams,  // overlapping pairs in runs of ideographs, kana and hangul; `standard` elsewhere
    whitespace,   // what stands between white space
};

/// The kind of that name, if there is one.
std::optional<TokenizerKind> tokenizer_kind(std::string_view name);

/// Longer tokens are cut into pieces of so many code points, as Lucene does.
inline constexpr std::size_t kMaxCodePoints = 255;

namespace detail {

/// A piece of text: [begin, end) in bytes. `emit` is false for pieces that are no tokens ("___").
struct Piece {
    std::size_t begin;
    std::size_t end;
    bool emit;
};

// No token needs more bytes than this, so a scan stops here and a long run of letters costs linear time.
inline constexpr std::size_t kMaxBytes = 4 * kMaxCodePoints;

inline std::size_t scan_limit(std::string_view text, std::size_t begin) {
    return text.size() - begin < kMaxBytes ? text.size() : begin + kMaxBytes;
}

/// `end`, or the place after kMaxCodePoints code points if that comes first. [begin, end) is valid UTF-8.
std::size_t cut_long(std::string_view text, std::size_t begin, std::size_t end);

/// The word (Unicode rules WB5 to WB13b) at `begin`, whose class is letter, hebrew, hangul, numeric, katakana
/// or extend_num_let. With `split_hangul`, hangul ends a word.
Piece scan_word(std::string_view text, std::size_t begin, bool split_hangul);

/// The end of `begin`'s code point and of the Extend characters after it, 16 code points at most.
std::size_t end_of_cluster(std::string_view text, std::size_t begin);

/// The end of a run of southeast asian letters.
std::size_t end_of_southeast_asian(std::string_view text, std::size_t begin);

inline bool is_ascii_word(char c) {
    return static_cast<unsigned char>(c) < 0x80 && kCharacters[static_cast<unsigned char>(c)].is_word();
}

/// Most words are ASCII letters and digits, up to a separator such as a space: the end of such a word at
/// `begin`, or 0 if it takes more to tell. Between ASCII letters, digits and underscores there is never a
/// boundary.
inline std::size_t end_of_plain_word(std::string_view text, std::size_t begin) {
    std::size_t at = begin;
    const std::size_t limit = text.size() - begin < kMaxCodePoints ? text.size() : begin + kMaxCodePoints;
    while (at < limit && is_ascii_word(text[at])) {
        ++at;
    }
    const bool plain = at > begin && at < limit && static_cast<unsigned char>(text[at]) < 0x80 &&
                       kCharacters[static_cast<unsigned char>(text[at])].breaks() == Break::other;
    return plain && text[begin] != '_' ? at : 0;  // underscores alone are no word
}

inline bool starts_word(Break kind) {
    return (kind >= Break::letter && kind <= Break::extend_num_let) || kind == Break::hangul;
}

inline bool is_cjk(Break kind) {
    return kind == Break::ideograph || kind == Break::hiragana || kind == Break::katakana ||
           kind == Break::hangul;
}

/// Bigrams of the run at `begin`; gives the end of the run.
template <typename Sink>
std::size_t emit_bigrams(std::string_view text, std::size_t begin, Sink& sink) {
    std::size_t previous = begin;
    std::size_t at = end_of_cluster(text, begin);
    bool alone = true;
    while (at < text.size() && is_cjk(decode(text, at).kind.breaks())) {
        const std::size_t end = end_of_cluster(text, at);
        sink(text.substr(previous, end - previous), previous);
        alone = false;
        previous = at;
        at = end;
    }
    if (alone) {
        sink(text.substr(begin, at - begin), begin);
    }
    return at;
}

/// The token at `begin`, which starts with a code point of class `kind`; gives the place to go on at.
template <typename Sink>
std::size_t emit_standard(std::string_view text, std::size_t begin, const Decoded& first, Sink& sink) {
    const Break kind = first.kind.breaks();
    if (starts_word(kind)) {
        const Piece piece = scan_word(text, begin, false);
        if (piece.emit) {
            sink(text.substr(begin, piece.end - begin), begin);
        }
        return piece.end;
    }
    if (kind == Break::ideograph || kind == Break::hiragana || kind == Break::southeast_asian) {
        const std::size_t end = kind == Break::southeast_asian ? end_of_southeast_asian(text, begin)
                                                               : end_of_cluster(text, begin);
        sink(text.substr(begin, end - begin), begin);
        return end;
    }
    return begin + first.length;
}

template <typename Sink>
void tokenize_standard(std::string_view text, Sink& sink) {
    std::size_t at = 0;
    while (at < text.size()) {
        if (const std::size_t end = end_of_plain_word(text, at)) {
            sink(text.substr(at, end - at), at);
            at = end + 1;  // past the separator
        } else {
            at = emit_standard(text, at, decode(text, at), sink);
        }
    }
}

template <typename Sink>
void tokenize_cjk(std::string_view text, Sink& sink) {
    std::size_t at = 0;
    while (at < text.size()) {
        if (const std::size_t end = end_of_plain_word(text, at)) {
            sink(text.substr(at, end - at), at);
            at = end + 1;
            continue;
        }
        const Decoded first = decode(text, at);
        if (is_cjk(first.kind.breaks())) {
            at = emit_bigrams(text, at, sink);
        } else if (starts_word(first.kind.breaks())) {
            const Piece piece = scan_word(text, at, true);
            if (piece.emit) {
                sink(text.substr(at, piece.end - at), at);
            }
            at = piece.end;
        } else {
            at = emit_standard(text, at, first, sink);
        }
    }
}

/// The end of a run at `begin` of code points for which `belongs` holds.
template <typename Belongs>
std::size_t end_of_run(std::string_view text, std::size_t begin, Belongs belongs) {
    const std::size_t limit = scan_limit(text, begin);
    std::size_t at = begin;
    while (at < limit) {
        const Decoded next = decode(text, at);
        if (next.code_point == kMalformed || !belongs(next.kind)) {
            break;
        }
        at += next.length;
    }
    return at - begin > kMaxCodePoints ? cut_long(text, begin, at) : at;
}

inline constexpr std::uint32_t kCapitalDottedI = 0x130;

/// The end of a run of word characters at `begin`. LATIN CAPITAL LETTER I WITH DOT ABOVE ends its run,
/// because lower-casing it leaves a combining dot, which is no word character: `words` cuts as if the text
/// were lower-cased.
std::size_t end_of_words(std::string_view text, std::size_t begin);

template <typename Sink>
void tokenize_words(std::string_view text, Sink& sink) {
    std::size_t at = 0;
    while (at < text.size()) {
        const Decoded first = decode(text, at);
        if (!first.kind.is_word()) {
            at += first.length;
            continue;
        }
        const std::size_t plain = end_of_plain_word(text, at);
        const std::size_t end = plain != 0 ? plain : end_of_words(text, at);
        if (end - at > first.length) {  // two code points or more
            sink(text.substr(at, end - at), at);
        }
        at = end;
    }
}

template <typename Sink>
void tokenize_whitespace(std::string_view text, Sink& sink) {
    std::size_t at = 0;
    while (at < text.size()) {
        const Decoded first = decode(text, at);
        if (first.code_point == kMalformed || first.kind.is_space()) {
            at += first.length;
            continue;
        }
        const std::size_t end = end_of_run(text, at, [](CharacterClass kind) { return !kind.is_space(); });
        sink(text.substr(at, end - at), at);
        at = end;
    }
}

}  // namespace detail

/// Calls `sink(std::string_view token, std::size_t byte_offset)` for each token, in order of their
/// beginnings.
template <typename Sink>
void tokenize(TokenizerKind kind, std::string_view utf8, Sink&& sink) {
    switch (kind) {
        case TokenizerKind::standard:
            return detail::tokenize_standard(utf8, sink);
        case TokenizerKind::words:
            return detail::tokenize_words(utf8, sink);
        case TokenizerKind::cjk_bigrams:
            return detail::tokenize_cjk(utf8, sink);
        case TokenizerKind::whitespace:
            return detail::tokenize_whitespace(utf8, sink);
    }
}

}  // namespace rocchio::text
