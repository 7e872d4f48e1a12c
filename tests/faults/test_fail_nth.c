/* ctest: devices=pocl-pthread,pocl-basic,rusticl labels=faults timeout=240 */
/* One call of the driver fails, then the next one, and so on until nothing is left to fail:
 * every time the failure is told once, by code and text, nothing is held back, and the next
 * attempt goes on as if nothing had been (or tells that the device was lost). */
#include "reference.h"
#include "test_layer.h"

enum {
  ROWS = 6,
  COLUMNS = 8,
  ELEMENTS = ROWS * COLUMNS,
  LARGE = 1 << 18,
  MAX_NTH = 400,
  TEXT = 1024
};

static const char *const calls[] = {
    "clCreateContext",
    "clCreateCommandQueue",
    "clCreateBuffer",
    "clCreateProgramWithSource",
    "clBuildProgram",
    "clCreateKernel",
    "clSetKernelArg",
    "clEnqueueNDRangeKernel",
    "clEnqueueReadBuffer",
    "clEnqueueWriteBuffer",
    "clEnqueueCopyBuffer",
    "clEnqueueFillBuffer",
    "clEnqueueMapBuffer",
    "clEnqueueUnmapMemObject",
    "clEnqueueMarkerWithWaitList",
};
enum { CALLS = sizeof calls / sizeof calls[0], OPENING = 2 };

static const int codes[] = {-4, -5, -6};
enum { CODES = sizeof codes / sizeof codes[0] };

typedef struct fault_case {
  const char *call;
  eager_execution_mode mode;
  bool is_opening; /* asking a device for its memory would open it too */
} fault_case;

/* The first failure a scenario met. */
typedef struct outcome {
  eager_status status;
  int code;
  bool wrong; /* no failure, but other values than the reference's */
  char text[TEXT];
} outcome;

static bool note(outcome *seen, eager_status status) {
  if (status == EAGER_OK) return true;
  if (seen->status == EAGER_OK) {
    seen->status = status;
    seen->code = eager_error_cl_code();
    snprintf(seen->text, TEXT, "%s", eager_error_message());
  }
  return false;
}

static void compare(outcome *seen, const eager_tensor *t, const double *expected,
                    int count) {
  float got[ELEMENTS];
  if (!note(seen, eager_tensor_to_host(t, got, (size_t)count * sizeof *got))) return;
  for (int i = 0; i < count; i++) /* small integers: exact */
    if (got[i] != (float)expected[i]) seen->wrong = true;
}

/* What the steps of a scenario share: y = x[6,8] + row[8], and what becomes of it. */
typedef struct scenario {
  outcome seen;
  double y[ELEMENTS], rows[2 * COLUMNS], sums[ROWS], *products;
  eager_tensor *y_tensor, *index;
} scenario;

static void upload_and_add(scenario *s, const double *x, const double *row) {
  float x32[ELEMENTS], row32[COLUMNS];
  const int32_t picked[2] = {5, 0};
  const int64_t dims[2] = {ROWS, COLUMNS}, width = COLUMNS, two = 2;
  for (int i = 0; i < ELEMENTS; i++) x32[i] = (float)x[i];
  for (int i = 0; i < COLUMNS; i++) row32[i] = (float)row[i];
  eager_tensor *a, *b;
  if (note(&s->seen, eager_tensor_from_host(EAGER_FLOAT32, 2, dims, x32, &a)) &&
      note(&s->seen, eager_tensor_from_host(EAGER_FLOAT32, 1, &width, row32, &b)) &&
      note(&s->seen, eager_tensor_from_host(EAGER_INT32, 1, &two, picked, &s->index)))
    note(&s->seen, eager_add(a, b, &s->y_tensor));
}

static void gather_rows(scenario *s) {
  eager_tensor *t;
  if (note(&s->seen, eager_gather(s->y_tensor, s->index, 0, &t)))
    compare(&s->seen, t, s->rows, 2 * COLUMNS);
}

static void multiply(scenario *s) {
  eager_tensor *t;
  if (note(&s->seen, eager_matmul(s->y_tensor, false, s->y_tensor, true, &t)))
    compare(&s->seen, t, s->products, ROWS * ROWS);
}

static void sum(scenario *s) {
  const int64_t last = 1;
  eager_tensor *t;
  if (note(&s->seen, eager_reduce_sum(s->y_tensor, &last, 1, false, &t)))
    compare(&s->seen, t, s->sums, ROWS);
}

static void add_zeros(scenario *s) {
  eager_tensor *zeros, *t;
  if (note(&s->seen, eager_zeros_like(s->y_tensor, &zeros)) &&
      note(&s->seen, eager_add(s->y_tensor, zeros, &t)))
    compare(&s->seen, t, s->y, ELEMENTS);
}

static void copy_around(scenario *s) {
  for (size_t i = 1; i < eager_device_count(); i++) {
    const eager_device_info *info;
    eager_tensor *copy;
    assert_ok(eager_device_get(i, &info));
    if (note(&s->seen, eager_tensor_copy_to_device(s->y_tensor, info->short_name, &copy)))
      compare(&s->seen, copy, s->y, ELEMENTS);
  }
}

/* Large enough to go through mapped memory where that is shared. */
static void copy_large(scenario *s) {
  const int64_t large = LARGE;
  float *got = test_alloc(LARGE * sizeof *got);
  eager_tensor *ones;
  if (!note(&s->seen, eager_tensor_zeros(EAGER_FLOAT32, 1, &large, &ones)) ||
      !note(&s->seen, eager_ones_like(ones, &ones)))
    return;
  for (size_t i = 1; i < eager_device_count(); i++) {
    const eager_device_info *info;
    eager_tensor *copy;
    assert_ok(eager_device_get(i, &info));
    memset(got, 0xA5, LARGE * sizeof *got);
    if (!note(&s->seen, eager_tensor_copy_to_device(ones, info->short_name, &copy)) ||
        !note(&s->seen, eager_tensor_to_host(copy, got, LARGE * sizeof *got)))
      continue;
    for (int j = 0; j < LARGE; j++) s->seen.wrong = s->seen.wrong || got[j] != 1;
  }
}

static void gather_elsewhere(scenario *s) {
  for (size_t i = 1; i < eager_device_count(); i++) {
    const eager_device_info *info;
    assert_ok(eager_device_get(i, &info));
    assert_ok(eager_push_device(info->short_name));
    gather_rows(s); /* the policy copies */
    assert_ok(eager_pop_device());
  }
}

/* SYNC ends at the first failure, as a program would; ASYNC goes on, so that what was
 * poisoned is used again. All of it is inside a tidy scope. */
static void compute(scenario *s, const double *x, const double *row) {
  static void (*const steps[])(scenario *) = {
      gather_rows, multiply, sum, add_zeros, copy_around, copy_large, gather_elsewhere};
  for (int i = 0; i < ELEMENTS; i++) {
    s->y[i] = x[i] + row[i % COLUMNS];
    s->sums[i / COLUMNS] += s->y[i];
  }
  memcpy(s->rows, s->y + 5 * COLUMNS, COLUMNS * sizeof *s->y);
  memcpy(s->rows + COLUMNS, s->y, COLUMNS * sizeof *s->y);
  s->products = test_matmul(ROWS, ROWS, COLUMNS, s->y, false, s->y, true, false);
  bool goes_on = eager_get_execution_mode() == EAGER_ASYNC;
  upload_and_add(s, x, row);
  for (size_t i = 0; i < sizeof steps / sizeof steps[0] && s->y_tensor != NULL; i++)
    if (goes_on || s->seen.status == EAGER_OK) steps[i](s);
}

static outcome attempt(const double *x, const double *row) {
  scenario s = {0};
  assert_ok(eager_tidy_begin());
  compute(&s, x, row);
  assert_ok(eager_tidy_end());
  return s.seen;
}

/* What synchronize gives belongs to the failure that was told, and comes once. */
static void synchronize(const outcome *seen) {
  eager_status status = eager_synchronize(NULL);
  if (status != EAGER_OK && seen->status == EAGER_OK)
    fail_msg("only eager_synchronize told of %s", eager_error_message());
  for (size_t i = 1; status != EAGER_OK && i < eager_device_count(); i++)
    status = eager_synchronize(NULL); /* one failure per device */
  assert_ok(eager_synchronize(NULL));
}

static void nothing_is_held(void) {
  for (size_t i = 0; i < eager_device_count(); i++) {
    const eager_device_info *info;
    eager_memory_info memory;
    assert_ok(eager_device_get(i, &info));
    assert_ok(eager_trim_memory(info->short_name));
    assert_ok(eager_get_memory_info(info->short_name, &memory));
    assert_true(memory.current == 0);
    assert_true(memory.reserved_bytes == 0);
  }
}

static void judge(const outcome *seen, const fault_case *c, int nth, int code) {
  assert_false(seen->wrong);
  if (seen->status == EAGER_OK) return; /* it found another way */
  char number[16];
  snprintf(number, sizeof number, "(%d)", code);
  bool is_told = strstr(seen->text, number) != NULL ||
                 strncmp(seen->text, "out of memory on ", 17) == 0;
  bool is_status = seen->status == EAGER_RESOURCE_EXHAUSTED ||
                   (seen->status == EAGER_INTERNAL && code == -4) ||
                   strcmp(c->call, "clBuildProgram") == 0;
  if (is_told && is_status && seen->code == code) return;
  fail_msg("call %d of %s gave %d, told as %s, %d: %s", nth, c->call, code,
           eager_status_name(seen->status), seen->code, seen->text);
}

static void each_call_in_turn_fails(void **state) {
  const fault_case *c = *state;
  const eager_layer *layer = test_layer();
  test_time_limit(200);
  test_enable();
  assert_ok(eager_set_thread_execution_mode(c->mode));
  double x[ELEMENTS], row[COLUMNS];
  for (int i = 0; i < ELEMENTS; i++) x[i] = (double)test_random_int(-9, 9);
  for (int i = 0; i < COLUMNS; i++) row[i] = (double)test_random_int(-9, 9);

  int failures = 0, told = 0;
  for (int nth = 1;; nth++) {
    assert_true(nth < MAX_NTH);
    bool was_hit = false;
    for (int i = 0; i < CODES; i++) {
      layer->reset();
      layer->refuse(c->call, (uint64_t)nth, codes[i]);
      outcome seen = attempt(x, row);
      bool hit = layer->failed() > 0;
      layer->reset();
      judge(&seen, c, nth, hit ? codes[i] : 0);
      if (!hit) assert_int_equal(seen.status, EAGER_OK);
      synchronize(&seen);
      if (!c->is_opening) nothing_is_held();
      failures += hit;
      told += seen.status != EAGER_OK;
      was_hit = was_hit || hit;
    }
    if (!was_hit) break;
  }
  print_message("%d calls failed, %d times the caller was told\n", failures, told);
}

/* Not one call but all of them: what may be tried again gives up in the end. */
static void no_memory_at_all_is_told_and_passes(void **state) {
  (void)state;
  const eager_layer *layer = test_layer();
  test_enable();
  double x[ELEMENTS] = {1}, row[COLUMNS] = {2};
  for (int i = 0; i < CODES; i++) {
    layer->refuse("clCreateBuffer", 0, codes[i]);
    outcome seen = attempt(x, row);
    layer->reset();
    assert_int_equal(seen.status, EAGER_RESOURCE_EXHAUSTED);
    assert_int_equal(seen.code, codes[i]);
    assert_non_null(strstr(seen.text, "out of memory on "));
    synchronize(&seen);
    nothing_is_held();
    outcome after = attempt(x, row);
    assert_int_equal(after.status, EAGER_OK);
    assert_false(after.wrong);
    synchronize(&after);
    nothing_is_held();
  }
}

int main(void) {
  static fault_case cases[2 * CALLS];
  static char names[2 * CALLS][64];
  struct CMUnitTest tests[2 * CALLS + 1];
  for (int i = 0; i < 2 * CALLS; i++) {
    cases[i] =
        (fault_case){calls[i / 2], i % 2 == 0 ? EAGER_SYNC : EAGER_ASYNC, i / 2 < OPENING};
    snprintf(names[i], sizeof names[i], "each_%s_in_turn_fails_%s", calls[i / 2],
             i % 2 == 0 ? "sync" : "async");
    tests[i] = (struct CMUnitTest){
        .name = names[i], .test_func = each_call_in_turn_fails, .initial_state = &cases[i]};
  }
  tests[2 * CALLS] =
      (struct CMUnitTest)cmocka_unit_test(no_memory_at_all_is_told_and_passes);
  test_layer_load();
  return test_main_each("faults/fail_nth", tests, 2 * CALLS + 1);
}
