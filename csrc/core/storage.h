// Storage: one buffer, counted, with a version that every in-place write raises. Knows no shapes.
#pragma once
#include <new>
#include <utility>

#include "core/memory.h"

namespace tg {

class Storage {
 public:
  static constexpr size_t kInline = 64;  // small values live beside the header: one allocation, one cache line

  static Storage* create(size_t bytes) {
    auto* s = new (allocate(sizeof(Storage))) Storage;
    s->bytes_ = bytes;
    if (bytes <= kInline) {
      s->data_ = s->inline_;
    } else {
      try {
        s->data_ = static_cast<char*>(allocate(bytes));
      } catch (...) {
        deallocate(s, sizeof(Storage));
        throw;
      }
    }
    return s;
  }
  // Memory that somebody else owns: release(owner) is called when the last tensor on it is gone.
  static Storage* borrow(void* data, size_t bytes, void* owner, void (*release)(void*)) {
    auto* s = new (allocate(sizeof(Storage))) Storage;
    s->bytes_ = bytes;
    s->data_ = static_cast<char*>(data);
    s->owner_ = owner;
    s->release_ = release;
    return s;
  }

  char* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  uint32_t version() const { return version_; }
  void bump_version() { ++version_; }
  // Nobody else can see this memory: neither another tensor nor whoever lent it.
  bool unique() const { return refs_ == 1 && !release_; }

  void retain() { ++refs_; }
  void drop() {
    if (--refs_ == 0) destroy();
  }

 private:
  Storage() = default;
  void destroy() {
    if (release_) {
      release_(owner_);
    } else if (data_ != inline_) {
      deallocate(data_, bytes_);
    }
    deallocate(this, sizeof(Storage));
  }

  uint32_t refs_ = 1;
  uint32_t version_ = 0;
  char* data_ = nullptr;
  size_t bytes_ = 0;
  void* owner_ = nullptr;
  void (*release_)(void*) = nullptr;
  alignas(64) char inline_[kInline];
};

class StoragePtr {
 public:
  StoragePtr() = default;
  explicit StoragePtr(Storage* s) : s_(s) {
    if (s_) s_->retain();
  }
  StoragePtr(const StoragePtr& o) : StoragePtr(o.s_) {}
  StoragePtr(StoragePtr&& o) noexcept : s_(std::exchange(o.s_, nullptr)) {}
  StoragePtr& operator=(StoragePtr o) noexcept {
    std::swap(s_, o.s_);
    return *this;
  }
  ~StoragePtr() {
    if (s_) s_->drop();
  }
  Storage* get() const { return s_; }
  Storage* operator->() const { return s_; }
  explicit operator bool() const { return s_; }

 private:
  Storage* s_ = nullptr;
};

}  // namespace tg
