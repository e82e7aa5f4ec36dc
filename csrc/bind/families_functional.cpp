// Trampolines of convolution, pooling, losses and noise.
#include "bind/call.h"
#include "ops/conv.h"
#include "ops/dropout.h"
#include "ops/loss.h"
#include "ops/pool.h"

namespace tg::bind {

void add_functional(std::vector<Entry>& entries) {
  add_entries<ops::Convolutions>(entries);
  add_entries<ops::Pools>(entries);
  add_entries<ops::Losses>(entries);
  add_entries<ops::Noise>(entries);
}

}  // namespace tg::bind
