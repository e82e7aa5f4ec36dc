// OpList: how a family names its operations, for binding, docs and tests.
#pragma once

namespace tg::ops {

template <class... Ops>
struct OpList {
  template <class F>
  static void for_each(F&& f) {
    (f.template operator()<Ops>(), ...);
  }
};

}  // namespace tg::ops
