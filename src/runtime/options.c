#include "runtime/options.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/env.h"
#include "cl/select.h"
#include "cl/tuning.h"

static const char *const policy_names[] = {"EXPLICIT", "WARN", "SILENT", "SILENT_FOR_INT32",
                                           NULL};
static const char *const mode_names[] = {"SYNC", "ASYNC", NULL};
static const char *const level_names[] = {"DEBUG", "INFO", "WARNING", "ERROR", NULL};
static const char *const gemm_names[] = {"auto", "own", "clblast", NULL};

static const char visible_variable[] = "EAGERCL_VISIBLE_DEVICES";
static const char default_variable[] = "EAGERCL_DEFAULT_DEVICE";

static atomic_int gemm_path;

eager__gemm_path eager__options_gemm(void) {
  return (eager__gemm_path)atomic_load_explicit(&gemm_path, memory_order_relaxed);
}

void eager__options_apply_gemm(void) {
  int choice = EAGER__GEMM_AUTO;
  if (eager__env_choice("EAGERCL_GEMM", gemm_names, &choice) == EAGER_OK)
    atomic_store(&gemm_path, choice);
}

const char *eager__policy_name(eager_device_policy policy) {
  return policy < 0 ? "AUTO" : policy_names[policy];
}

const char *eager__mode_name(eager_execution_mode mode) {
  return mode < 0 ? "AUTO" : mode_names[mode];
}

void eager__options_free(eager__options *options) {
  eager__free(options->visible_device_list);
  eager__free(options->default_device);
  eager__free(options->kernel_cache_dir);
  eager__free(options->trace);
  memset(options, 0, sizeof *options);
}

/* --- Checks --- */

/* For texts in which "" means as much as NULL. */
static const char *given(const char *text) {
  return text && *text ? text : NULL;
}

static eager_status check_device_name(const char *where, const char *text) {
  eager__device_name name;
  eager_status status = eager__parse_device_name(text, &name);
  if (status != EAGER_OK) eager__fail_append(" (in %s)", where);
  return status;
}

/* Syntax only: what the entries name is found out at discovery. */
static eager_status check_visible_list(const char *where, const char *list) {
  eager_status status = eager__check_device_list(list);
  if (status != EAGER_OK) eager__fail_append(" (in %s)", where);
  return status;
}

static eager_status check_config(const eager_config *config) {
  double fraction = config->per_process_memory_fraction;
  EAGER__REQUIRE(!isnan(fraction) && fraction >= 0 && fraction <= 1, EAGER_INVALID_ARGUMENT,
                 "config.per_process_memory_fraction must be in (0, 1], or 0 for the "
                 "default, got %g",
                 fraction);
  EAGER__REQUIRE(config->max_in_flight >= 0, EAGER_INVALID_ARGUMENT,
                 "config.max_in_flight must be positive, or 0 for the default, got %d",
                 config->max_in_flight);
  for (size_t i = 0; i < sizeof config->reserved / sizeof *config->reserved; i++)
    EAGER__REQUIRE(!config->reserved[i], EAGER_INVALID_ARGUMENT,
                   "config.reserved[%zu] must be NULL: set the whole struct to {0} first",
                   i);
  if (given(config->default_device))
    EAGER__TRY(check_device_name("config.default_device", config->default_device));
  if (given(config->visible_device_list))
    EAGER__TRY(
        check_visible_list("config.visible_device_list", config->visible_device_list));
  return EAGER_OK;
}

typedef struct environment {
  const char *visible, *device, *cache_dir, *trace;
  int policy, mode, log_level, gemm;
  size_t memory_limit;
  bool deterministic;
} environment;

static const environment no_environment = {.policy = EAGER_DEVICE_PLACEMENT_AUTO,
                                           .mode = EAGER_EXECUTION_AUTO,
                                           .log_level = EAGER_LOG_WARNING};

/* Only what stands in for something that is not requested is looked at. */
static eager_status read_environment(const eager_config *config, eager_device_policy policy,
                                     eager_execution_mode mode, environment *env) {
  *env = no_environment;
  if (!given(config->visible_device_list)) env->visible = eager__env(visible_variable);
  if (!given(config->default_device)) env->device = eager__env(default_variable);
  if (!config->kernel_cache_dir) env->cache_dir = eager__env("EAGERCL_CACHE_DIR");
  if (env->visible) EAGER__TRY(check_visible_list(visible_variable, env->visible));
  if (env->device) EAGER__TRY(check_device_name(default_variable, env->device));
  if (policy == EAGER_DEVICE_PLACEMENT_AUTO)
    EAGER__TRY(eager__env_choice("EAGERCL_DEVICE_POLICY", policy_names, &env->policy));
  if (mode == EAGER_EXECUTION_AUTO)
    EAGER__TRY(eager__env_choice("EAGERCL_EXECUTION_MODE", mode_names, &env->mode));
  if (!config->log)
    EAGER__TRY(eager__env_choice("EAGERCL_LOG_LEVEL", level_names, &env->log_level));
  if (!config->memory_limit)
    EAGER__TRY(eager__env_size("EAGERCL_MEMORY_LIMIT", &env->memory_limit));
  EAGER__TRY(eager__env_choice("EAGERCL_GEMM", gemm_names, &env->gemm));
  const char *tuning = eager__env("EAGERCL_TUNING");
  if (tuning) EAGER__TRY(eager__tuning_check("EAGERCL_TUNING", tuning));
  EAGER__TRY(eager__env_file("EAGERCL_TRACE", &env->trace));
  return eager__env_bool("EAGERCL_DETERMINISTIC", &env->deterministic);
}

static bool copy_text(const char *from, char **to) {
  *to = from ? eager__strdup(from) : NULL;
  return !from || *to;
}

eager_status eager__options_read(const eager_config *config, eager_device_policy policy,
                                 eager_execution_mode mode, bool use_environment,
                                 eager__options *out) {
  static const eager_config nothing;
  if (!config) config = &nothing;
  environment env;
  EAGER__TRY(check_config(config));
  EAGER__TRY(read_environment(config, policy, mode, &env));
  EAGER__REQUIRE(policy >= EAGER_DEVICE_PLACEMENT_AUTO &&
                     policy <= EAGER_DEVICE_PLACEMENT_SILENT_FOR_INT32,
                 EAGER_INVALID_ARGUMENT,
                 "device_policy must be one of EAGER_DEVICE_PLACEMENT_*, got %d",
                 (int)policy);
  EAGER__REQUIRE(mode >= EAGER_EXECUTION_AUTO && mode <= EAGER_ASYNC,
                 EAGER_INVALID_ARGUMENT,
                 "execution_mode must be one of EAGER_EXECUTION_AUTO, EAGER_SYNC, "
                 "EAGER_ASYNC, got %d",
                 (int)mode);
  if (!use_environment) env = no_environment;
  const char *visible = given(config->visible_device_list);
  const char *device = given(config->default_device);
  const char *cache_dir = config->kernel_cache_dir; /* "" means none */
  *out = (eager__options){
      .visible_variable = env.visible ? visible_variable : NULL,
      .default_variable = env.device ? default_variable : NULL,
      .memory_fraction = config->per_process_memory_fraction,
      .memory_limit = config->memory_limit ? config->memory_limit : env.memory_limit,
      .allow_soft_placement = config->allow_soft_placement,
      .log_device_placement = config->log_device_placement,
      .enable_profiling = config->enable_profiling || env.trace,
      .max_in_flight = config->max_in_flight,
      .log = config->log,
      .log_user = config->log_user,
      .log_level = (eager_log_level)env.log_level,
      .policy =
          policy != EAGER_DEVICE_PLACEMENT_AUTO ? policy : (eager_device_policy)env.policy,
      .mode = mode != EAGER_EXECUTION_AUTO ? mode : (eager_execution_mode)env.mode,
  };
  if (copy_text(visible ? visible : env.visible, &out->visible_device_list) &&
      copy_text(device ? device : env.device, &out->default_device) &&
      copy_text(env.trace, &out->trace) &&
      copy_text(cache_dir ? cache_dir : env.cache_dir, &out->kernel_cache_dir))
    return EAGER_OK;
  eager__options_free(out);
  return eager__out_of_memory(0);
}

void eager__options_fill(eager__options *options) {
  if (options->policy == EAGER_DEVICE_PLACEMENT_AUTO)
    options->policy = EAGER_DEVICE_PLACEMENT_SILENT;
  if (options->mode == EAGER_EXECUTION_AUTO) options->mode = EAGER_SYNC;
  if (!options->max_in_flight) options->max_in_flight = EAGER__DEFAULT_IN_FLIGHT;
  if (!(options->memory_fraction > 0)) options->memory_fraction = 1;
}

/* --- Comparing --- */

static void add_bool(eager__strbuf *out, const char *name, bool active, bool requested) {
  if (requested && !active)
    eager__strbuf_format(out, "; %s: active false, requested true", name);
}

void eager__options_compare(const eager__options *active, const eager__options *requested,
                            eager__strbuf *out) {
  if (requested->policy >= 0 && requested->policy != active->policy)
    eager__strbuf_format(out, "; device_policy: active %s, requested %s",
                         eager__policy_name(active->policy),
                         eager__policy_name(requested->policy));
  if (requested->mode >= 0 && requested->mode != active->mode)
    eager__strbuf_format(out, "; execution_mode: active %s, requested %s",
                         eager__mode_name(active->mode), eager__mode_name(requested->mode));
  if (requested->memory_fraction > 0 &&
      requested->memory_fraction != active->memory_fraction)
    eager__strbuf_format(out, "; per_process_memory_fraction: active %g, requested %g",
                         active->memory_fraction, requested->memory_fraction);
  if (requested->memory_limit && requested->memory_limit != active->memory_limit)
    eager__strbuf_format(out, "; memory_limit: active %zu, requested %zu",
                         active->memory_limit, requested->memory_limit);
  add_bool(out, "allow_soft_placement", active->allow_soft_placement,
           requested->allow_soft_placement);
  add_bool(out, "log_device_placement", active->log_device_placement,
           requested->log_device_placement);
  add_bool(out, "enable_profiling", active->enable_profiling, requested->enable_profiling);
  if (requested->max_in_flight && requested->max_in_flight != active->max_in_flight)
    eager__strbuf_format(out, "; max_in_flight: active %d, requested %d",
                         active->max_in_flight, requested->max_in_flight);
  const char *cache_dir = active->kernel_cache_dir;
  if (requested->kernel_cache_dir &&
      (!cache_dir || strcmp(requested->kernel_cache_dir, cache_dir) != 0))
    eager__strbuf_format(out, "; kernel_cache_dir: active %s%s%s, requested \"%s\"",
                         cache_dir ? "\"" : "", cache_dir ? cache_dir : "the user's",
                         cache_dir ? "\"" : "", requested->kernel_cache_dir);
  if (requested->log && requested->log != active->log)
    eager__strbuf_add(out, "; log: another callback is active");
  if (requested->log_user && requested->log_user != active->log_user)
    eager__strbuf_add(out, "; log_user: another pointer is active");
}
