// Trampolines of arithmetic, order, comparison and logic.
#include "bind/call.h"
#include "ops/arithmetic.h"
#include "ops/combine.h"
#include "ops/compare.h"
#include "ops/logic.h"
#include "ops/order.h"

namespace tg::bind {

void add_arithmetic(std::vector<Entry>& entries) {
  add_entries<ops::Arithmetic>(entries, "arithmetic");
  add_entries<ops::Combination>(entries, "arithmetic");
  add_entries<ops::Order>(entries, "order");
  add_entries<ops::Compare>(entries, "compare");
  add_internal<ops::OrderInternal>(entries, "order");
  add_entries<ops::Logic>(entries, "logic");
}

}  // namespace tg::bind
