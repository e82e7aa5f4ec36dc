// Trampolines of reductions.
#include "bind/call.h"
#include "ops/reduce.h"

namespace tg::bind {

void add_reduce(std::vector<Entry>& entries) { add_entries<ops::Reductions>(entries, "reduce"); }

}  // namespace tg::bind
