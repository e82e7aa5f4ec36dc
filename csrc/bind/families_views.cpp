// Trampolines of views.
#include "bind/call.h"
#include "ops/diagonal.h"
#include "ops/place.h"
#include "ops/shape.h"

namespace tg::bind {

void add_views(std::vector<Entry>& entries) {
  add_entries<ops::Views>(entries, "views");
  add_internal<ops::ViewsInternal>(entries, "views");
  add_entries<ops::Shapes>(entries, "views");
  add_entries<ops::Diagonals>(entries, "diagonal");
  add_internal<ops::DiagonalsInternal>(entries, "diagonal");
  add_entries<ops::Places>(entries, "views");
  add_internal<ops::PlacesInternal>(entries, "views");
}

}  // namespace tg::bind
