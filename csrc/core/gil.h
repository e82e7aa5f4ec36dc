// Letting other Python threads run during long work on raw memory.
#pragma once
#include <initializer_list>

#include "core/tensor.h"

namespace tg {

// Set while this thread must not let others in between: what it writes is shared.
inline thread_local bool t_keeps_lock = false;

// Above this many elementary operations a kernel runs with Python's lock released.
inline constexpr int64_t kUnlockedWork = 1 << 18;

// While it lives, no tensor or Python object may be touched: take pointers and sizes before.
// The storages of `operands` stay alive even if another thread rebinds their tensors meanwhile.
class Unlocked {
 public:
  Unlocked(int64_t work, std::initializer_list<const Tensor*> operands) {
    if (work < kUnlockedWork || t_keeps_lock || !PyGILState_Check()) return;
    for (const Tensor* t : operands)
      if (*t && count_ < kMax) pinned_[count_++] = StoragePtr((*t)->storage);
    state_ = PyEval_SaveThread();
  }
  ~Unlocked() {
    if (state_) PyEval_RestoreThread(state_);
  }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  static constexpr int kMax = 6;
  StoragePtr pinned_[kMax];
  int count_ = 0;
  PyThreadState* state_ = nullptr;
};

}  // namespace tg
