// Trampolines of losses, normalisation, distances, attention.
#include "bind/call.h"
#include "ops/attention.h"
#include "ops/distance.h"
#include "ops/loss_class.h"
#include "ops/loss_embedding.h"
#include "ops/loss_regression.h"
#include "ops/norm.h"
#include "ops/recurrent.h"

namespace tg::bind {

void add_nn(std::vector<Entry>& entries) {
  add_entries<ops::RegressionLosses>(entries, "loss");
  add_entries<ops::ClassLosses>(entries, "loss");
  add_entries<ops::EmbeddingLosses>(entries, "loss");
  add_entries<ops::Norms>(entries, "norm");
  add_entries<ops::Distances>(entries, "distance");
  add_internal<ops::AttentionInternal>(entries, "attention");
  add_entries<ops::Attentions>(entries, "attention");
  add_entries<ops::Recurrents>(entries, "recurrent");
}

}  // namespace tg::bind
