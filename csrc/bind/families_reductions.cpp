// Trampolines of reductions, softmax and matrix products.
#include "bind/call.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/softmax.h"

namespace tg::bind {

void add_reductions(std::vector<Entry>& entries) {
  add_entries<ops::Reductions>(entries);
  add_entries<ops::Softmaxes>(entries);
  add_entries<ops::Products>(entries);
}

}  // namespace tg::bind
