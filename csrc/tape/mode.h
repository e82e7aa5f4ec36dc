// Whether this thread records, and for whom. Nothing else.
#pragma once
#include "core/tensor.h"

namespace tg::tape {

struct Mode {
  bool grad = true;
  bool inference = false;
  uint32_t module = 0;  // whose call this is, while the profiler is on (tape/profile.h)
};
// Read by every operation, so worth eight bytes of the static block; the compiler flag of the same name would put the
// C++ library's own thread-locals there too, which fails when another extension was loaded first.
extern thread_local Mode t_mode __attribute__((tls_model("initial-exec")));

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
