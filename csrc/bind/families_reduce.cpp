// Trampolines of reductions.
#include "bind/call.h"
#include "ops/extreme.h"
#include "ops/reduce.h"
#include "ops/statistics.h"

namespace tg::bind {

void add_sort(std::vector<Entry>&);

void add_reduce(std::vector<Entry>& entries) {
  add_entries<ops::Reductions>(entries, "reduce");
  add_entries<ops::Extremes>(entries, "extreme");
  add_entries<ops::Statistics>(entries, "statistics");
  add_internal<ops::ExtremesInternal>(entries, "extreme");
  add_internal<ops::StatisticsInternal>(entries, "statistics");
  add_sort(entries);
}

}  // namespace tg::bind
