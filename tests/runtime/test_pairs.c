/* ctest: devices=all timeout=120 */
/* From every device of the machine to the lane's own, under every policy and in both modes:
 * what semantics.md section 3 promises of an input that lies elsewhere, and of the explicit
 * copy, which no policy minds. */
#include "errors.h"
#include "placing.h"

typedef struct pair {
  const char *from, *to;
  eager_dtype dtype;
  eager_device_policy policy;
  eager_execution_mode mode;
  int64_t count;
} pair;

static const struct {
  eager_device_policy policy;
  const char *name;
} policies[] = {{EAGER_DEVICE_PLACEMENT_EXPLICIT, "EXPLICIT"},
                {EAGER_DEVICE_PLACEMENT_WARN, "WARN"},
                {EAGER_DEVICE_PLACEMENT_SILENT, "SILENT"},
                {EAGER_DEVICE_PLACEMENT_SILENT_FOR_INT32, "SILENT_FOR_INT32"}};
enum { POLICIES = 4 };

static void enable_all(void) {
  char list[512];
  size_t used = 0;
  for (size_t i = 0; i < eager_physical_device_count(); i++) {
    const eager_device_info *info;
    assert_ok(eager_physical_device_get(i, &info));
    used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? "," : "",
                             info->short_name);
    assert_true(used < sizeof list);
  }
  assert_ok(test_enable_with((eager_config){.visible_device_list = list},
                             EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC));
}

/* As placing_begin, which would enable fewer devices. */
static void begin(eager_device_policy policy, eager_execution_mode mode) {
  assert_ok(eager_set_thread_device_policy(policy));
  assert_ok(eager_set_thread_execution_mode(mode));
  assert_ok(eager_synchronize(NULL));
  assert_ok(eager_reset_copy_stats());
}

static double *values_of(const pair *p, double first) {
  double *values = test_alloc((size_t)p->count * sizeof *values);
  for (int64_t i = 0; i < p->count; i++) values[i] = first + (double)(i % 1000);
  return values;
}

static eager_tensor *made_on(const char *device, const pair *p, double first) {
  assert_ok(eager_push_device(device));
  eager_tensor *t = test_tensor(p->dtype, (test_shape){1, {p->count}}, values_of(p, first));
  assert_ok(eager_pop_device());
  return t;
}

/* NULL when `t` lies on the destination and has these values. */
static const char *wrong_with(const eager_tensor *t, const pair *p, double first,
                              double step) {
  const char *device = eager_tensor_device(t);
  if (strcmp(device, placing_full_name(p->to)) != 0) return test_text("lies on %s", device);
  const double *got = test_read(t);
  for (int64_t i = 0; i < p->count; i++) {
    double expected = first + step * (double)(i % 1000);
    if (got[i] != expected)
      return test_text("element %d of %d is %g, expected %g", (int)i, (int)p->count, got[i],
                       expected);
  }
  return NULL;
}

/* ---- An input elsewhere ---- */

static bool is_refused(const pair *p) {
  return p->policy == EAGER_DEVICE_PLACEMENT_EXPLICIT ||
         (p->policy == EAGER_DEVICE_PLACEMENT_SILENT_FOR_INT32 && p->dtype != EAGER_INT32);
}

static const char *wrong_refusal(eager_status status, const eager_tensor *out) {
  if (status != EAGER_INVALID_ARGUMENT || out != NULL)
    return test_text("not refused: %s", eager_status_name(status));
  bool named = strstr(eager_error_message(), "Tensors on conflicting devices: cannot "
                                             "compute AddV2 as input #1") != NULL;
  return named ? NULL : test_text("refused with: %s", eager_error_message());
}

static const char *wrong_input(const pair *p) {
  begin(p->policy, p->mode);
  eager_tensor *near = made_on(p->to, p, 1), *far = made_on(p->from, p, 2), *out;
  assert_ok(eager_push_device(p->to));
  eager_status status = eager_add(near, far, &out);
  assert_ok(eager_pop_device());
  eager_copy_stats stats = placing_stats();
  bool warns = p->policy == EAGER_DEVICE_PLACEMENT_WARN;
  const char *wrong;
  if (is_refused(p))
    wrong = wrong_refusal(status, out);
  else if (status != EAGER_OK)
    wrong = test_text("%s: %s", eager_status_name(status), eager_error_message());
  else
    wrong = wrong_with(out, p, 3, 2);
  if (wrong == NULL && stats.count != (is_refused(p) ? 0u : 1u))
    wrong = test_text("%d copies were counted", (int)stats.count);
  if (wrong == NULL && stats.warnings != (warns ? 1u : 0u))
    wrong = test_text("%d warnings were counted", (int)stats.warnings);
  eager_tensor_release(out);
  eager_tensor_release(near);
  eager_tensor_release(far);
  return wrong;
}

/* ---- The explicit copy ---- */

static const char *wrong_copy(const pair *p) {
  begin(EAGER_DEVICE_PLACEMENT_EXPLICIT, p->mode);
  eager_tensor *far = made_on(p->from, p, 5), *copy;
  const char *wrong;
  if (eager_tensor_copy_to_device(far, p->to, &copy) != EAGER_OK)
    wrong = test_text("%s", eager_error_message());
  else
    wrong = wrong_with(copy, p, 5, 1);
  eager_tensor_release(copy);
  eager_tensor_release(far);
  return wrong;
}

/* ---- All of them ---- */

static void check(const char *what, const pair *p, const char *(*wrong_of)(const pair *)) {
  const char *row = test_text("%s from %s", what, p->from), *wrong = wrong_of(p);
  if (!test_checked(row, p->dtype, p->mode, wrong) && wrong != NULL)
    fail_msg("%s to %s, %s, %s: %s", row, p->to, eager_dtype_name(p->dtype),
             p->mode == EAGER_ASYNC ? "ASYNC" : "SYNC", wrong);
}

static void from_every_device(int64_t count) {
  static const eager_dtype dtypes[] = {EAGER_INT32, EAGER_FLOAT32};
  enable_all();
  int64_t most = test_is_slow() && count > 64 ? 64 : count;
  for (size_t i = 0; i < eager_device_count(); i++)
    for (int d = count > 64; d < 2; d++)
      for (int m = EAGER_SYNC; m <= EAGER_ASYNC; m++) {
        const eager_device_info *info;
        assert_ok(eager_device_get(i, &info));
        pair p = {.from = info->short_name,
                  .to = test_device(),
                  .dtype = dtypes[d],
                  .mode = (eager_execution_mode)m,
                  .count = most};
        if (strcmp(p.from, p.to) == 0 || !test_wants(NULL, p.dtype)) continue;
        if (!test_wants_mode(p.mode)) continue;
        for (int k = 0; k < POLICIES; k++) {
          p.policy = policies[k].policy;
          if (count > 64 && p.policy != EAGER_DEVICE_PLACEMENT_SILENT) continue;
          check(policies[k].name, &p, wrong_input);
        }
        check("copy", &p, wrong_copy);
      }
  begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
}

static void a_few_elements(void **state) {
  (void)state;
  if (eager_physical_device_count() < 2) test_skip("there is one device only");
  from_every_device(3);
}

/* More than one half of the staging buffers (4 MiB). */
static void several_chunks(void **state) {
  (void)state;
  if (eager_physical_device_count() < 2) test_skip("there is one device only");
  if (test_is_slow()) test_skip("a million elements");
  from_every_device((int64_t)1100000); /* one dtype and policy */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_few_elements),
      cmocka_unit_test(several_chunks),
  };
  return test_main("runtime/pairs", tests, sizeof tests / sizeof *tests);
}
