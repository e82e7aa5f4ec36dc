// Trampolines of activations.
#include "bind/call.h"
#include "ops/softmax.h"

namespace tg::bind {

void add_activation(std::vector<Entry>& entries) { add_entries<ops::Softmaxes>(entries, "activation"); }

}  // namespace tg::bind
