// Whether this thread records. Nothing else.
#pragma once
#include "core/tensor.h"

namespace tg::tape {

struct Mode {
  bool grad = true;
  bool inference = false;
};
inline thread_local Mode t_mode;

inline bool grad_enabled() { return t_mode.grad; }
// True where an operation on t now would be recorded.
inline bool recording(const Tensor& t) { return t_mode.grad && t.requires_grad(); }

// Recording on or off for a scope.
class GradMode {
 public:
  explicit GradMode(bool enabled) : before_(t_mode.grad) { t_mode.grad = enabled; }
  ~GradMode() { t_mode.grad = before_; }
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

 private:
  bool before_;
};

}  // namespace tg::tape
