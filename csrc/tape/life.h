// Who keeps whom alive. A tensor owns the node that made it; the node must still be able to show its output, so when the
// last reference to such a tensor goes while the graph still needs the node, the tensor is entombed: the node takes it over.
// Large values are freed then (the graph keeps their shape), small ones stay to be looked at.
#pragma once
#include "core/tensor.h"
#include "tape/node.h"

namespace tg::tape {

// An entombed tensor keeps its values up to this size.
inline constexpr size_t kKeptBytes = 4096;

// The tp_dealloc of tensors.
void dealloc(PyObject* self);

// A handle on the node's output; one that was entombed owns its node again.
Tensor output_of(Node& n);

// Makes `n` the node that made `t` and t its output. Takes the reference to n.
void set_history(const Tensor& t, Node* n);

}  // namespace tg::tape
