// What an operation says of itself. Binding, stub, reference, coverage and tests are made from it.
#pragma once

namespace tg {

// Where users find an operation; faces add up.
enum class Face : unsigned {
  internal = 0,    // tg._core.name(...) alone: the gradients of other operations
  function = 1,    // tg.name(...)
  method = 2,      // x.name(...)
  both = 3,        // tg.name(x, ...) and x.name(...)
  functional = 4,  // tg.nn.functional.name(...)
  everywhere = 7,  // all three
  linalg = 8,      // tg.linalg.name(...) for an operation called linalg_name
  special = 16,    // tg.special.name(...) for an operation called special_name
};
constexpr Face operator|(Face a, Face b) { return Face(unsigned(a) | unsigned(b)); }
constexpr bool has(Face all, Face one) { return (unsigned(all) & unsigned(one)) != 0; }

struct OpInfo {
  const char* name;
  const char* signature;      // PyTorch's, in Python's syntax: "(input: Tensor, dim: int | tuple | None = None) -> Tensor"
  const char* doc;            // one or two sentences
  const char* formula = "";   // "y = tanh x"
  const char* gradient = "";  // "dx = dy (1 - y^2)"; empty for what is made of other operations or has none
  const char* shapes = "";    // where the signature does not tell: "[N, C, H, W], [O, C, kh, kw] -> [N, O, H', W']"
  const char* example = "";   // one Python expression; the reference shows what it gives
  const char* aliases = "";   // other names in the same places, between spaces; "special.expit" for one place: tg, Tensor,
                              // nn.functional, linalg, special
  Face face = Face::both;
  bool inplace = false;         // x.name_() exists too
  const char* label = nullptr;  // what graphs and errors call it, where that is not its name
  bool bfloat16 = false;        // takes bfloat16 as it is; other operations are given float32 (bind/bfloat16.h)

  constexpr const char* shown() const { return label ? label : name; }
};

}  // namespace tg
