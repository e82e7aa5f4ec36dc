// Who keeps whom alive: the end of tensors and nodes.
#include "tape/life.h"

namespace tg::tape {
namespace {

// Nodes waiting to be destroyed. A destroyed node drops its inputs' nodes onto this list instead of recursing.
Node* g_trash = nullptr;
bool g_emptying = false;

// Gives the node its output for good: only the graph refers to it from here on.
void entomb(TensorImpl* t, Node* n) {
  Py_SET_REFCNT(t, 1);  // the node's reference
  t->entombed = true;
  n->owns_output = true;
  Py_CLEAR(t->base);
  if (t->storage && t->storage->bytes() > kKeptBytes) {
    t->storage->drop();
    t->storage = nullptr;
    t->data = nullptr;
  }
  --n->refs;  // the tensor's reference is now borrowed
}

// Same layout and values, another object: what the graph keeps of an instance of a user's subclass.
Tensor stand_in(TensorImpl* t) { return on_storage(t->storage, t->data, {t->shape, t->ndim}, {t->strides, t->ndim}, t->dtype); }

}  // namespace

void release(Node* n) {
  if (--n->refs) return;
  n->next_dead = g_trash;
  g_trash = n;
  if (g_emptying) return;
  g_emptying = true;
  while (Node* dead = g_trash) {
    g_trash = dead->next_dead;
    const size_t bytes = dead->object_size();
    dead->~Node();
    deallocate(dead, bytes);
  }
  g_emptying = false;
}

Node::~Node() {
  if (owns_output) {
    output->grad_fn = nullptr;
    output->entombed = false;
    Py_DECREF(output);
  }
  Py_XDECREF(incoming);
  for (uint32_t i = 0; i < num_edges; ++i) {
    if (edges[i].node) tape::release(edges[i].node);
    Py_XDECREF(edges[i].leaf);
  }
}

namespace {

// The tensor is going: settles who keeps its node and what the node keeps of it. True where the node takes t over.
bool leave_graph(TensorImpl* t, Node* n, bool plain) {
  if (n->output == t && n->refs > 1 && !t->entombed) {
    if (plain) {
      entomb(t, n);
      return true;
    }
    Tensor rest = stand_in(t);
    rest->meta = std::exchange(t->meta, nullptr);
    n->replace_output(rest.get());
    retain(n);
    rest->grad_fn = n;  // entombed at the end of this block
  }
  if (n->output == t) n->output = nullptr;
  t->grad_fn = nullptr;
  release(n);
  return false;
}

}  // namespace

void dealloc(PyObject* self) {
  auto* t = static_cast<TensorImpl*>(self);
  PyTypeObject* type = Py_TYPE(self);
  const bool plain = type == g_tensor_type;
  if (t->tracked || !plain) [[unlikely]]
    PyObject_GC_UnTrack(self);
  if (t->weakrefs) [[unlikely]]
    PyObject_ClearWeakRefs(self);
  if (t->grad_fn && leave_graph(t, t->grad_fn, plain)) return;
  destroy_fields(t);
  if (plain) return recycle(t);
  type->tp_free(self);
  Py_DECREF(type);
}

Tensor output_of(Node& n) {
  if (!n.output) return Tensor();
  if (!n.owns_output) return Tensor::borrow(n.output);
  n.owns_output = false;
  n.output->entombed = false;
  retain(&n);
  return Tensor::steal(n.output);
}

void set_history(const Tensor& t, Node* n) {
  t->grad_fn = n;
  n->output = t.get();
}

}  // namespace tg::tape
