// Trampolines of joins, splits and repetitions.
#include "bind/call.h"
#include "ops/join.h"
#include "ops/repeat.h"
#include "ops/split.h"

namespace tg::bind {

void add_join(std::vector<Entry>& entries) {
  add_entries<ops::Joins>(entries, "join");
  add_internal<ops::JoinsInternal>(entries, "join");
  add_entries<ops::Splits>(entries, "join");
  add_entries<ops::Repeats>(entries, "repeat");
  add_internal<ops::RepeatsInternal>(entries, "repeat");
}

}  // namespace tg::bind
