// Trampolines of losses and noise.
#include "bind/call.h"
#include "ops/dropout.h"
#include "ops/loss.h"

namespace tg::bind {

void add_nn(std::vector<Entry>& entries) {
  add_entries<ops::Losses>(entries, "loss");
  add_entries<ops::Noise>(entries, "noise");
}

}  // namespace tg::bind
