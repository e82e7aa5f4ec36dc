// Trampolines of views, joins and indexing.
#include "bind/call.h"
#include "ops/index.h"
#include "ops/join.h"
#include "ops/views.h"

namespace tg::bind {

void add_views(std::vector<Entry>& entries) {
  add_entries<ops::Views>(entries);
  add_entries<ops::Joins>(entries);
  add_entries<ops::Indexing>(entries);
}

}  // namespace tg::bind
