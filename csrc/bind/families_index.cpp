// Trampolines of indexing.
#include "bind/call.h"
#include "ops/index.h"

namespace tg::bind {

void add_index(std::vector<Entry>& entries) {
  add_entries<ops::Indexing>(entries, "index");
  add_internal<ops::IndexingInternal>(entries, "index");
}

}  // namespace tg::bind
