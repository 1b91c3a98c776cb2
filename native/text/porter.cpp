#include "text/porter.hpp"

#include <algorithm>
#include <initializer_list>

namespace rocchio::text {
namespace {

struct Rule {
    std::string_view suffix;
    std::string_view replacement;
};

/// The paper's conditions and steps on one word. A stem is a prefix of the word, given by its length.
class Stemmer {
  public:
    explicit Stemmer(std::string_view word) : word_(word) {}

    std::string stem() {
        step_1a();
        step_1b();
        step_1c();
        step_2();
        step_3();
        step_4();
        step_5();
        return std::move(word_);
    }

  private:
    bool is_consonant(std::size_t at) const {
        switch (word_[at]) {
            case 'a':
            case 'e':
            case 'i':
            case 'o':
            case 'u':
                return false;
            case 'y': {  // a vowel after a consonant; in a row of y's they alternate
                std::size_t first = at;
                while (first > 0 && word_[first - 1] == 'y') {
                    --first;
                }
                const bool first_is_consonant = first == 0 || !is_consonant(first - 1);
                return ((at - first) % 2 == 0) == first_is_consonant;
            }
            default:
                return true;
        }
    }

    /// The paper's m: how many times a vowel is followed by a consonant.
    int measure(std::size_t length) const {
        int count = 0;
        bool vowel_before = false;
        bool consonant = false;
        for (std::size_t at = 0; at < length; ++at) {
            consonant = word_[at] == 'y' ? at == 0 || !consonant : is_consonant(at);
            count += consonant && vowel_before;
            vowel_before = !consonant;
        }
        return count;
    }

    /// *v*: the stem contains a vowel.
    bool has_vowel(std::size_t length) const {
        for (std::size_t at = 0; at < length; ++at) {
            if (!is_consonant(at)) {
                return true;
            }
        }
        return false;
    }

    /// *d: the stem ends with a double consonant.
    bool ends_double(std::size_t length) const {
        return length >= 2 && word_[length - 1] == word_[length - 2] && is_consonant(length - 1);
    }

    /// *o: the stem ends consonant, vowel, consonant, and the last is not w, x or y.
    bool ends_cvc(std::size_t length) const {
        if (length < 3 || !is_consonant(length - 1) || is_consonant(length - 2) ||
            !is_consonant(length - 3)) {
            return false;
        }
        const char last = word_[length - 1];
        return last != 'w' && last != 'x' && last != 'y';
    }

    std::size_t before(std::string_view suffix) const { return word_.size() - suffix.size(); }

    void replace(std::size_t length, std::string_view replacement) {
        word_.resize(length);
        word_ += replacement;
    }

    /// Applies the longest of the rules that fits, if what stands before its suffix has a measure above
    /// `least`.
    void apply(std::initializer_list<Rule> rules, int least) {
        const Rule* longest = nullptr;
        for (const Rule& rule : rules) {
            if (word_.ends_with(rule.suffix) && (!longest || rule.suffix.size() > longest->suffix.size())) {
                longest = &rule;
            }
        }
        if (longest != nullptr && measure(before(longest->suffix)) > least) {
            replace(before(longest->suffix), longest->replacement);
        }
    }

    void step_1a() {
        if (word_.ends_with("sses") || word_.ends_with("ies")) {
            word_.resize(word_.size() - 2);
        } else if (word_.ends_with('s') && !word_.ends_with("ss")) {
            word_.pop_back();
        }
    }

    void step_1b() {
        if (word_.ends_with("eed")) {
            if (measure(before("eed")) > 0) {
                word_.pop_back();
            }
            return;
        }
        const std::string_view suffix = word_.ends_with("ed") ? "ed" : word_.ends_with("ing") ? "ing" : "";
        if (suffix.empty() || !has_vowel(before(suffix))) {
            return;
        }
        word_.resize(before(suffix));
        const std::size_t length = word_.size();
        if (word_.ends_with("at") || word_.ends_with("bl") || word_.ends_with("iz")) {
            word_ += 'e';
        } else if (ends_double(length)) {
            const char last = word_[length - 1];
            if (last != 'l' && last != 's' && last != 'z') {
                word_.pop_back();
            }
        } else if (measure(length) == 1 && ends_cvc(length)) {
            word_ += 'e';
        }
    }

    void step_1c() {
        if (word_.ends_with('y') && has_vowel(word_.size() - 1)) {
            word_.back() = 'i';
        }
    }

    void step_2() {
        apply({{"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"}, {"anci", "ance"}, {"izer", "ize"},
               {"bli", "ble"},     {"alli", "al"},     {"entli", "ent"}, {"eli", "e"},     {"ousli", "ous"},
               {"ization", "ize"}, {"ation", "ate"},   {"ator", "ate"},  {"alism", "al"},  {"iveness", "ive"},
               {"fulness", "ful"}, {"ousness", "ous"}, {"aliti", "al"},  {"iviti", "ive"}, {"biliti", "ble"},
               {"logi", "log"}},
              0);
    }

    void step_3() {
        apply({{"icate", "ic"},
               {"ative", ""},
               {"alize", "al"},
               {"iciti", "ic"},
               {"ical", "ic"},
               {"ful", ""},
               {"ness", ""}},
              0);
    }

    void step_4() {
        if (word_.ends_with("ion")) {
            const std::size_t length = before("ion");
            if (length > 0 && (word_[length - 1] == 's' || word_[length - 1] == 't') && measure(length) > 1) {
                word_.resize(length);
            }
            return;
        }
        apply({{"al", ""},
               {"ance", ""},
               {"ence", ""},
               {"er", ""},
               {"ic", ""},
               {"able", ""},
               {"ible", ""},
               {"ant", ""},
               {"ement", ""},
               {"ment", ""},
               {"ent", ""},
               {"ou", ""},
               {"ism", ""},
               {"ate", ""},
               {"iti", ""},
               {"ous", ""},
               {"ive", ""},
               {"ize", ""}},
              1);
    }

    void step_5() {
        if (word_.ends_with('e')) {
            const std::size_t length = word_.size() - 1;
            const int count = measure(length);
            if (count > 1 || (count == 1 && !ends_cvc(length))) {
                word_.pop_back();
            }
        }
        if (word_.ends_with("ll") && measure(word_.size()) > 1) {
            word_.pop_back();
        }
    }

    std::string word_;
};

bool is_stemmable(std::string_view word) {
    return word.size() > 2 && std::ranges::all_of(word, [](char c) { return c >= 'a' && c <= 'z'; });
}

}  // namespace

std::string porter_stem(std::string_view word) {
    return is_stemmable(word) ? Stemmer(word).stem() : std::string(word);
}

}  // namespace rocchio::text
