/* Which devices a test runs on: the lane's own first, then one of its context and one of
 * another; and the log of the library enabled on them. */
#include "test.h"

#include <pthread.h>

typedef struct lane {
  bool is_known;
  const eager_device_info *own, *same_context, *other_context;
} lane;

static bool starts_with(const char *text, const char *start) {
  return strncmp(text, start, strlen(start)) == 0;
}

static bool is_of_lane(const eager_device_info *info, const char *name) {
  if (strcmp(name, info->short_name) == 0) return true;
  if (strcmp(name, "rusticl") == 0) return strstr(info->platform, "rusticl") != NULL;
  if (strcmp(name, "intel") == 0) /* its CPU driver; their GPUs are another platform */
    return strstr(info->platform, "Intel") != NULL && info->type == EAGER_DEVICE_CPU;
  if (strcmp(name, "oclgrind") == 0) return strstr(info->platform, "Oclgrind") != NULL;
  if (starts_with(name, "pocl-") && strstr(info->platform, "Portable") != NULL)
    return starts_with(info->device, name + strlen("pocl-"));
  return strstr(info->device, name) != NULL;
}

static const eager_device_info *physical(size_t i) {
  const eager_device_info *info = NULL;
  return eager_physical_device_get(i, &info) == EAGER_OK ? info : NULL;
}

/* A simulator only when there is nothing else. */
static const eager_device_info *better(const eager_device_info *old,
                                       const eager_device_info *new_one) {
  return old == NULL || (old->is_simulator && !new_one->is_simulator) ? new_one : old;
}

static const lane *the_lane(void) {
  static lane found;
  if (found.is_known) return &found;
  found.is_known = true;
  const char *name = getenv("EAGERCL_TEST_DEVICE");
  size_t count = eager_physical_device_count();
  for (size_t i = 0; i < count && found.own == NULL; i++)
    if (name == NULL || is_of_lane(physical(i), name)) found.own = physical(i);
  for (size_t i = 0; i < count && found.own != NULL; i++) {
    const eager_device_info *info = physical(i);
    if (info == found.own) continue;
    if (strcmp(info->platform, found.own->platform) == 0)
      found.same_context = better(found.same_context, info);
    else
      found.other_context = better(found.other_context, info);
  }
  return &found;
}

bool test_lane_exists(void) {
  if (the_lane()->own != NULL) return true;
  const char *name = getenv("EAGERCL_TEST_DEVICE");
  printf("skipped: no device %s here\n", name != NULL ? name : "at all");
  return false;
}

const eager_device_info *test_device_info(void) {
  if (the_lane()->own == NULL) test_skip("no such device here");
  return the_lane()->own;
}

const char *test_device(void) {
  return test_device_info()->short_name;
}

bool test_has_same_context(void) {
  return the_lane()->same_context != NULL;
}

bool test_has_other_context(void) {
  return the_lane()->other_context != NULL;
}

const char *test_device_same_context(void) {
  if (!test_has_same_context()) test_skip("%s is alone on its platform", test_device());
  return the_lane()->same_context->short_name;
}

const char *test_device_other_context(void) {
  if (!test_has_other_context()) test_skip("there is one platform only");
  return the_lane()->other_context->short_name;
}

bool test_is_slow(void) {
  return test_device_info()->is_simulator;
}

bool test_is_async(void) {
  return test_device_info()->has_async_enqueue;
}

/* ---- The log ---- */

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
  char *text; /* lines, each ended by a newline */
  size_t size;
} logged;

static void keep_line(eager_log_level level, const char *message, void *user) {
  (void)user;
  pthread_mutex_lock(&log_lock);
  size_t length = strlen(message);
  char *text = realloc(logged.text, logged.size + length + 2);
  if (text != NULL) {
    memcpy(text + logged.size, message, length);
    memcpy(text + logged.size + length, "\n", 2);
    logged.text = text;
    logged.size += length + 1;
  }
  if (getenv("EAGERCL_TEST_VERBOSE") != NULL) printf("log %d: %s\n", (int)level, message);
  pthread_mutex_unlock(&log_lock);
}

int test_log_count(const char *part) {
  int count = 0;
  pthread_mutex_lock(&log_lock);
  const char *line = logged.text;
  while (line != NULL && *line != '\0') {
    const char *end = strchr(line, '\n');
    const char *hit = strstr(line, part);
    count += hit != NULL && hit < end;
    line = end + 1;
  }
  pthread_mutex_unlock(&log_lock);
  return count;
}

void test_log_clear(void) {
  pthread_mutex_lock(&log_lock);
  free(logged.text);
  logged.text = NULL;
  logged.size = 0;
  pthread_mutex_unlock(&log_lock);
}

/* ---- Enabling ---- */

eager_status test_enable_with(eager_config config, eager_device_policy policy,
                              eager_execution_mode mode) {
  char list[256];
  if (config.visible_device_list == NULL) {
    const lane *l = the_lane();
    snprintf(list, sizeof list, "%s%s%s%s%s", test_device(), l->same_context ? "," : "",
             l->same_context ? l->same_context->short_name : "",
             l->other_context ? "," : "",
             l->other_context ? l->other_context->short_name : "");
    config.visible_device_list = list;
    if (config.default_device == NULL) config.default_device = test_device();
  }
  if (config.log == NULL) config.log = keep_line;
  return eager_enable_execution(&config, policy, mode);
}

void test_enable(void) {
  assert_ok(test_enable_with((eager_config){0}, EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC));
}
