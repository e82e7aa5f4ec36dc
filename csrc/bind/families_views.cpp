// Trampolines of views and joins.
#include "bind/call.h"
#include "ops/join.h"
#include "ops/views.h"

namespace tg::bind {

void add_views(std::vector<Entry>& entries) {
  add_entries<ops::Views>(entries, "views");
  add_entries<ops::Joins>(entries, "join");
}

}  // namespace tg::bind
