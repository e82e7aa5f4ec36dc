// Trampolines of the elementwise families.
#include "bind/call.h"
#include "ops/arithmetic.h"
#include "ops/compare.h"
#include "ops/math.h"

namespace tg::bind {

void add_arithmetic(std::vector<Entry>& entries) {
  add_entries<ops::Arithmetic>(entries);
  add_entries<ops::Math>(entries);
  add_entries<ops::Compare>(entries);
}

}  // namespace tg::bind
