// Trampolines of matrix products.
#include "bind/call.h"
#include "ops/matmul.h"

namespace tg::bind {

void add_linalg(std::vector<Entry>& entries) { add_entries<ops::Products>(entries, "matmul"); }

}  // namespace tg::bind
