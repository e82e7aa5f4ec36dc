// What a forward keeps for its backward, checked for in-place changes when it is used.
#pragma once
#include "core/errors.h"
#include "tape/life.h"

namespace tg::tape {

// Thrown when saved values were overwritten; the engine adds the operation's name.
struct StaleSaved {
  uint32_t saved_version, version;
};

// A tensor input.
class SavedInput {
 public:
  SavedInput& operator=(const Tensor& t) {
    tensor_ = t;
    storage_ = StoragePtr(t ? t->storage : nullptr);
    if (storage_) version_ = storage_->version();
    return *this;
  }
  explicit operator bool() const { return bool(tensor_); }
  const Tensor& unpack() const {
    if (tensor_ && (tensor_->storage != storage_.get() || storage_->version() != version_)) {
      throw StaleSaved{version_, tensor_->storage ? tensor_->storage->version() : 0};
    }
    return tensor_;
  }

 private:
  Tensor tensor_;
  StoragePtr storage_;  // its memory then: .data = may give it another
  uint32_t version_ = 0;
};

// The operation's own result. It keeps the values, not the tensor: node and output would own each other.
class SavedOutput {
 public:
  SavedOutput& operator=(const Tensor& t) {
    storage_ = StoragePtr(t->storage);
    version_ = t->storage->version();
    data_ = t->data;
    output_ = t.get();
    return *this;
  }
  // s.y.keep(result): saves and passes on.
  Tensor keep(Tensor t) {
    *this = t;
    return t;
  }
  explicit operator bool() const { return bool(storage_); }
  void output_moved(TensorImpl* t) { output_ = t; }
  // The result with its history, so that it can be differentiated again.
  Tensor unpack() const {
    if (storage_->version() != version_) throw StaleSaved{version_, storage_->version()};
    // The version still fits, so no in-place write gave the output another history: the node's output is valid.
    Node* n = output_->grad_fn;
    if (output_->storage) return n ? output_of(*n) : Tensor::borrow(output_);
    Tensor t =
        on_storage(storage_.get(), data_, {output_->shape, output_->ndim}, {output_->strides, output_->ndim}, output_->dtype);
    retain(n);
    t->grad_fn = n;
    return t;
  }

 private:
  StoragePtr storage_;
  char* data_ = nullptr;
  uint32_t version_ = 0;
  TensorImpl* output_ = nullptr;  // the node's output, valid as long as the node
};

}  // namespace tg::tape
