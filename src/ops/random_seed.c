#include "ops/random_seed.h"

eager_status eager__seed_check(const eager__call *call) {
  const eager__attr *seed = eager__attr_get(call, "seed");
  EAGER__REQUIRE(seed->count == 2, EAGER_INVALID_ARGUMENT,
                 "seed must have shape [2], not [%zu]", seed->count);
  EAGER__REQUIRE(seed->ints != NULL, EAGER_INVALID_ARGUMENT, "seed must not be NULL");
  return EAGER_OK;
}

void eager__arg_seed(eager__commands *commands) {
  const eager__attr *seed = eager__attr_get(commands->call, "seed");
  eager__arg_long(commands, seed->ints[0]);
  eager__arg_long(commands, seed->ints[1]);
}
