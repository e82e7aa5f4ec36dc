// Backward through a graph of values.
#pragma once
#include "micrograd/node.h"

namespace tg::micrograd {

// micrograd's backward: sets the root's gradient to 1 and adds every value's to those below it. False with Python's
// error set; gradients are then unchanged, unless it was a rule written in Python that failed.
bool backward(Value* root);

// One value's own rule: the operation's, or the user's where there is one.
bool run_built_in_rule(Value* v);
bool run_own_rule(Value* v);

// How many values the graph below root has, root among them. Throws std::bad_alloc.
size_t count_values(Value* root);

}  // namespace tg::micrograd
