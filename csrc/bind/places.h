// Where users find an operation: every namespace and name that its OpInfo stands for.
#pragma once
#include <string>
#include <vector>

#include "tape/info.h"

namespace tg::bind {

struct Place {
  Face face;  // one of them: function, method, functional, linalg or special
  std::string name;
  bool inplace = false;  // writes into its first tensor
};

std::vector<Place> places(const OpInfo& info);
const char* namespace_of(Face one);  // as users write it: "tg", "Tensor", "nn.functional", ...

}  // namespace tg::bind
