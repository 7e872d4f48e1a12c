/* What enabling was asked for: config, environment and defaults made into one set. */
#ifndef EAGER_RUNTIME_OPTIONS_H
#define EAGER_RUNTIME_OPTIONS_H

#include "base/strbuf.h"
#include "eagercl/runtime.h"

typedef enum eager__gemm_path {
  EAGER__GEMM_AUTO,
  EAGER__GEMM_OWN,
  EAGER__GEMM_CLBLAST,
} eager__gemm_path;

/* Which path MatMul takes: EAGERCL_GEMM, read at enabling. */
eager__gemm_path eager__options_gemm(void);

/* Requested values: NULL, 0, false and AUTO mean "not requested". Strings are owned. */
typedef struct eager__options {
  char *visible_device_list, *default_device, *kernel_cache_dir;
  char *trace; /* EAGERCL_TRACE, which also asks for profiling */
  const char *visible_variable, *default_variable; /* the environment's, if from there */
  double memory_fraction;
  size_t memory_limit;
  bool allow_soft_placement, log_device_placement, enable_profiling;
  int max_in_flight;
  eager_log_fn log;
  void *log_user;
  eager_log_level log_level;
  eager_device_policy policy;
  eager_execution_mode mode;
} eager__options;

enum { EAGER__DEFAULT_IN_FLIGHT = 4096 };

/* Checks config, environment, policy and mode in this order and copies what is requested;
 * with `use_environment`, variables stand in for what is not. A variable is only looked at
 * where nothing is requested. INVALID_ARGUMENT names the field or variable. On failure
 * there is nothing to free. */
eager_status eager__options_read(const eager_config *config, eager_device_policy policy,
                                 eager_execution_mode mode, bool use_environment,
                                 eager__options *out);
void eager__options_free(eager__options *options);

/* Defaults for what is not requested. */
void eager__options_fill(eager__options *options);

/* Makes EAGERCL_GEMM's value what eager__options_gemm tells; checked by options_read. */
void eager__options_apply_gemm(void);

const char *eager__policy_name(eager_device_policy policy); /* "SILENT" */
const char *eager__mode_name(eager_execution_mode mode);    /* "SYNC" */

/* Adds "; <name>: active <a>, requested <b>" lines for every scalar option of `requested`
 * that is requested and differs from `active`. Devices are the caller's. */
void eager__options_compare(const eager__options *active, const eager__options *requested,
                            eager__strbuf *out);

#endif
