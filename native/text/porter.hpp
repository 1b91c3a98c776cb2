#pragma once
// The stemmer of M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980.

#include <string>
#include <string_view>

namespace rocchio::text {

/// The stem of a word of lower-case ASCII letters; any other string comes back as it is.
///
/// Follows the paper with two departures that Porter published later and that Lucene's PorterStemFilter has:
/// step 2 turns "bli" into "ble" (the paper: "abli" into "able") and "logi" into "log". As there, words of
/// one or two letters stay. PyStemmer's `porter` lacks both departures, so it would not reproduce what Lucene
/// and Anserini index.
std::string porter_stem(std::string_view word);

}  // namespace rocchio::text
