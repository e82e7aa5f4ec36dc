// Trampolines of convolution and pooling.
#include "bind/call.h"
#include "ops/conv.h"
#include "ops/pool.h"

namespace tg::bind {

void add_conv(std::vector<Entry>& entries) {
  add_entries<ops::Convolutions>(entries, "conv");
  add_entries<ops::Pools>(entries, "pool");
  add_internal<ops::ConvolutionsInternal>(entries, "conv");
  add_internal<ops::PoolsInternal>(entries, "pool");
}

}  // namespace tg::bind
