// What the functions that make tensors share.
#pragma once
#include "bind/call.h"
#include "bind/interop.h"

namespace tg::bind {

// The operations that take any Python object: tensor, as_tensor, asarray, from_numpy, frombuffer.
void add_conversions(std::vector<Entry>& entries);

}  // namespace tg::bind
