// Reverse mode: runs the recorded nodes in descending sequence. Rules return gradients; only this file adds them up.
#pragma once
#include "core/tensor.h"

namespace tg::tape {

// The engine's one need from above: sum of two gradients, and the shape and dtype an input wants. Defined in ops/.
Tensor accumulate(const Tensor& a, const Tensor& b);
void accumulate_into(const Tensor& sum, const Tensor& b);  // in place; sum is the engine's own, or a part of that
// Sums broadcast dims and casts; op is whose gradient it is, for the error.
Tensor fit_gradient(const char* op, const Tensor& grad, const TensorImpl& input);
Tensor own_gradient(const Tensor& grad);  // grad itself where nobody else can write to it, else a copy
Tensor ones_like(const TensorImpl& t);

// Calls a hook, which may replace the gradient; set by bind/.
extern void (*run_hook)(PyObject* function, Tensor& grad);

struct BackwardOptions {
  bool retain_graph = false;
  bool create_graph = false;
};

// Adds d(sum of roots . seeds) to .grad of the leaves (of `inputs` only, when given). An empty seed asks for a one-element root.
// Nothing is changed when it throws.
void backward(const TensorList& roots, const TensorList& seeds, const TensorList& inputs, BackwardOptions options);

// The same gradients, returned; empty where an input does not reach the roots.
TensorList grad(const TensorList& roots, const TensorList& seeds, const TensorList& inputs, BackwardOptions options);

}  // namespace tg::tape
