// Trampolines of what makes tensors out of nothing, by chance or by hand.
#include "bind/call.h"
#include "bind/make.h"
#include "ops/create.h"
#include "ops/dropout.h"
#include "ops/random.h"

namespace tg::bind {

void add_create(std::vector<Entry>& entries) {
  add_entries<ops::Creations>(entries, "create");
  add_conversions(entries);
  add_entries<ops::Randoms>(entries, "random");
  add_entries<ops::Noise>(entries, "noise");
}

}  // namespace tg::bind
