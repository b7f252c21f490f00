// Text from elsewhere where people read it: nothing in it can move a cursor, change colours, or
// make one line look like two.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tutti {

// Control characters as `less` shows them: "^[" for ESC, "^M", "^?", "<U+009B>"; likewise what
// turns the direction of writing, "<U+202E>"; bytes that are no UTF-8 as "<FF>". '\n' and '\t'
// stay.
std::string Visible(std::string_view text);

// Line breaks and tabs become spaces: what stands in one line of a list stays in it.
std::string OneLine(std::string_view text);

// Overlong forms and surrogates are no UTF-8.
bool IsUtf8(std::string_view text);

// Bytes at the end of the text that may become a character with what follows: 0 to 3.
std::size_t UnfinishedBytes(std::string_view text);

}  // namespace tutti
