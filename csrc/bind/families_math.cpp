// Trampolines of elementwise mathematics.
#include "bind/call.h"
#include "ops/exponential.h"
#include "ops/math.h"
#include "ops/rounding.h"
#include "ops/special.h"
#include "ops/trigonometry.h"

namespace tg::bind {

void add_math(std::vector<Entry>& entries) {
  add_entries<ops::Math>(entries, "math");
  add_entries<ops::Exponential>(entries, "exponential");
  add_entries<ops::Trigonometry>(entries, "trigonometry");
  add_entries<ops::Rounding>(entries, "rounding");
  add_entries<ops::Special>(entries, "special");
}

}  // namespace tg::bind
