// Trampolines of indexing.
#include "bind/call.h"
#include "ops/mask.h"
#include "ops/put.h"

namespace tg::bind {

void add_index(std::vector<Entry>& entries) {
  add_entries<ops::Indexing>(entries, "index");
  add_entries<ops::Selection>(entries, "index");
  add_entries<ops::Gathers>(entries, "index");
  add_entries<ops::Puts>(entries, "index");
  add_entries<ops::Masks>(entries, "index");
  add_internal<ops::IndexingInternal>(entries, "index");
  add_internal<ops::SelectionInternal>(entries, "index");
  add_internal<ops::GathersInternal>(entries, "index");
  add_internal<ops::PutsInternal>(entries, "index");
}

}  // namespace tg::bind
