// Trampolines of arithmetic and comparison.
#include "bind/call.h"
#include "ops/arithmetic.h"
#include "ops/compare.h"

namespace tg::bind {

void add_arithmetic(std::vector<Entry>& entries) {
  add_entries<ops::Arithmetic>(entries, "arithmetic");
  add_entries<ops::Compare>(entries, "compare");
}

}  // namespace tg::bind
