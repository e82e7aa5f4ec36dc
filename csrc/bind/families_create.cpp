// Trampolines of what makes tensors out of nothing.
#include "bind/call.h"

namespace tg::bind {

void add_create(std::vector<Entry>&) {}

}  // namespace tg::bind
