#include "text/tokenize.hpp"

namespace rocchio::text {

std::optional<TokenizerKind> tokenizer_kind(std::string_view name) {
    if (name == "standard") return TokenizerKind::standard;
    if (name == "words") return TokenizerKind::words;
    if (name == "cjk_bigrams") return TokenizerKind::cjk_bigrams;
    if (name == "whitespace") return TokenizerKind::whitespace;
    return std::nullopt;
}

namespace detail {
namespace {

bool is_letter(Break kind) {
    return kind == Break::letter || kind == Break::hebrew || kind == Break::hangul;
}

bool is_extend(const Decoded& next) {
    return next.kind.breaks() == Break::extend;
}

std::size_t skip_extends(std::string_view text, std::size_t at) {
    while (at < text.size()) {
        const Decoded next = decode(text, at);
        if (!is_extend(next)) {
            break;
        }
        at += next.length;
    }
    return at;
}

/// The class of the code point at `at`, looking past Extend characters.
Break class_after(std::string_view text, std::size_t at) {
    at = skip_extends(text, at);
    return at < text.size() ? decode(text, at).kind.breaks() : Break::other;
}

/// No boundary between two neighbours (WB5, WB8 to WB10, WB13, WB13a, WB13b).
bool joins(Break previous, Break next) {
    if (next == Break::extend_num_let) {
        return true;
    }
    if (next == Break::katakana) {
        return previous == Break::katakana || previous == Break::extend_num_let;
    }
    return (is_letter(next) || next == Break::numeric) && previous != Break::katakana;
}

/// A mark between two letters or two digits does not end the word (WB6, WB7, WB7b, WB7c, WB11, WB12).
bool bridges(Break previous, Break mark, Break next) {
    const bool either = mark == Break::mid_num_let || mark == Break::single_quote;
    if (is_letter(previous) && is_letter(next)) {
        return either || mark == Break::mid_letter ||
               (mark == Break::double_quote && previous == Break::hebrew && next == Break::hebrew);
    }
    return previous == Break::numeric && next == Break::numeric && (either || mark == Break::mid_num);
}

Piece cut_piece(std::string_view text, std::size_t begin, std::size_t end, bool emit) {
    return {begin, end - begin > kMaxCodePoints ? cut_long(text, begin, end) : end, emit};
}

/// The part of a word that scan_word's ASCII loop does not settle.
Piece scan_word_slowly(std::string_view text, std::size_t begin, std::size_t at, Break previous, bool content,
                       bool split_hangul) {
    const std::size_t limit = scan_limit(text, begin);
    while (at < limit) {
        const Decoded next = decode(text, at);
        const Break kind = next.kind.breaks();
        if (kind == Break::extend) {
            at += next.length;
        } else if (split_hangul && (kind == Break::hangul || kind == Break::katakana)) {
            break;
        } else if (starts_word(kind) && joins(previous, kind)) {
            at += next.length;
            previous = kind;
            content = content || kind != Break::extend_num_let;
        } else if (kind >= Break::mid_letter && kind <= Break::double_quote) {
            const Break after = class_after(text, at + next.length);
            if (!bridges(previous, kind, after) || (split_hangul && after == Break::hangul)) {
                // WB7a: a quote after a Hebrew letter is part of the word
                at += previous == Break::hebrew && kind == Break::single_quote ? next.length : 0;
                break;
            }
            at += next.length;
        } else {
            break;
        }
    }
    return cut_piece(text, begin, at, content);
}

}  // namespace

std::size_t cut_long(std::string_view text, std::size_t begin, std::size_t end) {
    std::size_t at = begin;
    for (std::size_t count = 0; count < kMaxCodePoints && at < end; ++count) {
        at += decode(text, at).length;
    }
    return at;
}

std::size_t end_of_cluster(std::string_view text, std::size_t begin) {
    std::size_t at = begin + decode(text, begin).length;
    for (int count = 1; count < 16 && at < text.size(); ++count) {
        const Decoded next = decode(text, at);
        if (!is_extend(next)) {
            break;
        }
        at += next.length;
    }
    return at;
}

std::size_t end_of_southeast_asian(std::string_view text, std::size_t begin) {
    return end_of_run(text, begin, [](CharacterClass kind) {
        return kind.breaks() == Break::southeast_asian || kind.breaks() == Break::extend;
    });
}

std::size_t end_of_words(std::string_view text, std::size_t begin) {
    const std::size_t limit = scan_limit(text, begin);
    std::size_t at = begin;
    while (at < limit) {
        while (at < limit && is_ascii_word(text[at])) {
            ++at;
        }
        if (at == limit || static_cast<unsigned char>(text[at]) < 0x80) {
            break;
        }
        const Decoded next = decode(text, at);
        if (!next.kind.is_word()) {
            break;
        }
        at += next.length;
        if (next.code_point == kCapitalDottedI) {
            break;
        }
    }
    return at - begin > kMaxCodePoints ? cut_long(text, begin, at) : at;
}

Piece scan_word(std::string_view text, std::size_t begin, bool split_hangul) {
    const std::size_t limit = scan_limit(text, begin);
    std::size_t at = begin;
    // Among ASCII letters, digits and underscores there is never a boundary: most words end with this loop.
    std::uint8_t seen = 0;
    while (at < limit && is_ascii_word(text[at])) {
        seen |= text[at] != '_';
        ++at;
    }
    Break previous = Break::other;
    if (at > begin) {
        const bool settled = at < text.size() && static_cast<unsigned char>(text[at]) < 0x80 &&
                             kCharacters[static_cast<unsigned char>(text[at])].breaks() == Break::other;
        if (settled || at == text.size()) {
            return cut_piece(text, begin, at, seen != 0);
        }
        previous = kCharacters[static_cast<unsigned char>(text[at - 1])].breaks();
    } else {
        const Decoded first = decode(text, begin);
        previous = first.kind.breaks();
        seen = previous != Break::extend_num_let;
        at += first.length;
    }
    return scan_word_slowly(text, begin, at, previous, seen != 0, split_hangul);
}

}  // namespace detail
}  // namespace rocchio::text
