// What an operation says of itself. Binding, stub, docs and tests are made from it.
#pragma once

namespace tg {

// Where users find an operation.
enum class Face {
  both,        // tg.name(x, ...) and x.name(...)
  function,    // tg.name(...)
  method,      // x.name(...)
  functional,  // tg.nn.functional.name(...)
  internal,    // tg._core.name(...): the gradients of other operations
};

struct OpInfo {
  const char* name;
  const char* signature;  // PyTorch's, in Python's syntax: "(input: Tensor, dim: int | tuple | None = None) -> Tensor"
  const char* doc;        // one line; the formula where there is one
  Face face = Face::both;
  bool inplace = false;         // x.name_() exists too
  const char* label = nullptr;  // what graphs and errors call it, where that is not its name

  constexpr const char* shown() const { return label ? label : name; }
};

}  // namespace tg
