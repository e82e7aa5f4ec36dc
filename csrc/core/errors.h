// Errors that reach the user. An error names the operation, what it saw and what would be right.
#pragma once
#include <sstream>
#include <stdexcept>
#include <string>

namespace tg {

// Each maps to the Python exception of the same name (bind/errors.cpp).
struct TypeError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct ValueError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct IndexError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct RuntimeError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct MemoryError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// fail<ValueError>("cat(): ", n, " tensors ...")
template <class E, class... Parts>
[[noreturn, gnu::cold, gnu::noinline]] void fail(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw E(text.str());
}

}  // namespace tg
