// Trampolines of elementwise mathematics.
#include "bind/call.h"
#include "ops/math.h"

namespace tg::bind {

void add_math(std::vector<Entry>& entries) { add_entries<ops::Math>(entries, "math"); }

}  // namespace tg::bind
