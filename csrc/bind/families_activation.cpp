// Trampolines of activations.
#include "bind/call.h"
#include "ops/activation.h"
#include "ops/gated.h"
#include "ops/softmax.h"

namespace tg::bind {

void add_activation(std::vector<Entry>& entries) {
  add_entries<ops::Activations>(entries, "activation");
  add_entries<ops::Gates>(entries, "activation");
  add_entries<ops::Softmaxes>(entries, "activation");
  add_internal<ops::ActivationsInternal>(entries, "activation");
}

}  // namespace tg::bind
