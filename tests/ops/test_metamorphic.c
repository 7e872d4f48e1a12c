/* ctest: devices=all timeout=300 */
/* What must not matter, for every elementwise op and the ops of the doors' tables: whether
 * inputs are views, whether the call waits, where the inputs lie, and whether an op comes
 * before a copy to another device or behind it. */
#include <math.h>

#include "api/doors_all.h"
#include "elementwise_names.h"
#include "ops/registry.h"

typedef struct trial {
  const char *raw;
  eager_dtype dtype; /* T */
  const attr *attrs;
  int input_count, outputs;
  input inputs[MAX_INPUTS]; /* with their values */
} trial;

typedef struct answer {
  eager_tensor *out[MAX_OUTPUTS];
  uint8_t *bytes[MAX_OUTPUTS];
  size_t sizes[MAX_OUTPUTS];
} answer;

/* --- Running --- */

static void make_inputs(const trial *t, bool views, eager_tensor **in) {
  for (int i = 0; i < t->input_count; i++) {
    const input *of = &t->inputs[i];
    in[i] = views ? test_view(of->dtype, of->shape, of->values, 2 * i + 1)
                  : test_tensor(of->dtype, of->shape, of->values);
  }
}

static void release_inputs(const trial *t, eager_tensor **in) {
  for (int i = 0; i < t->input_count; i++) eager_tensor_release(in[i]);
}

static answer run(const trial *t, eager_tensor *const *in) {
  answer got;
  doors_by_name(t->raw, in, t->input_count, t->attrs, got.out, t->outputs);
  for (int i = 0; i < t->outputs; i++) {
    const eager_tensor *out = got.out[i];
    got.sizes[i] =
        (size_t)eager_tensor_num_elements(out) * eager_dtype_size(eager_tensor_dtype(out));
    got.bytes[i] = test_alloc(got.sizes[i] + 1);
    assert_ok(eager_tensor_to_host(out, got.bytes[i], got.sizes[i]));
  }
  return got;
}

static void drop(const trial *t, answer *a) {
  for (int i = 0; i < t->outputs; i++) eager_tensor_release(a->out[i]);
}

/* --- Comparing --- */

static bool same_form(const eager_tensor *a, const eager_tensor *b) {
  bool same = eager_tensor_dtype(a) == eager_tensor_dtype(b) &&
              eager_tensor_rank(a) == eager_tensor_rank(b);
  for (int i = 0; same && i < eager_tensor_rank(a); i++)
    same = eager_tensor_dim(a, i) == eager_tensor_dim(b, i);
  return same;
}

static void expect_same(const trial *t, const answer *a, const answer *b,
                        const char *what) {
  for (int i = 0; i < t->outputs; i++)
    if (!same_form(a->out[i], b->out[i]) || memcmp(a->bytes[i], b->bytes[i], a->sizes[i]))
      fail_msg("%s of %s, output %d, is another one: %s", t->raw,
               eager_dtype_name(t->dtype), i, what);
}

/* Two devices, each within the error that the ops' own tests allow: some tens of ulp where
 * drivers' functions follow each other. 16-bit floats are computed in float32. */
static test_tolerance between_devices(eager_dtype dtype) {
  if (!test_is_float(dtype)) return TEST_EXACT;
  if (dtype == EAGER_FLOAT64) return (test_tolerance){256, 256 * 0x1p-52};
  return (test_tolerance){dtype == EAGER_FLOAT32 ? 256 : 1.5, 256 * 0x1p-23};
}

static void expect_close(const trial *t, const answer *a, const answer *b,
                         const char *what) {
  for (int i = 0; i < t->outputs; i++) {
    eager_dtype dtype = eager_tensor_dtype(a->out[i]);
    if (!same_form(a->out[i], b->out[i]))
      fail_msg("%s of %s, output %d, has another form: %s", t->raw,
               eager_dtype_name(t->dtype), i, what);
    double *x = test_read(a->out[i]), *y = test_read(b->out[i]);
    for (int64_t k = 0; k < eager_tensor_num_elements(a->out[i]); k++)
      if (!test_is_close(dtype, x[k], y[k], between_devices(dtype)))
        fail_msg("%s of %s, output %d, element %d: %.9g and %.9g: %s", t->raw,
                 eager_dtype_name(t->dtype), i, (int)k, x[k], y[k], what);
  }
}

/* --- Another device --- */

static bool alike(const char *a, const char *b) {
  const eager_device_info *x, *y;
  assert_ok(eager_device_find(a, &x));
  assert_ok(eager_device_find(b, &y));
  return x->type == y->type && strcmp(x->platform, y->platform) == 0 &&
         strcmp(x->vendor, y->vendor) == 0;
}

static void check_elsewhere(const trial *t, const char *device, eager_tensor *const *in,
                            const answer *here) {
  if (!eager_op_is_supported(t->raw, t->dtype, device)) return;
  eager_tensor *moved[MAX_INPUTS];
  for (int i = 0; i < t->input_count; i++)
    assert_ok(eager_tensor_copy_to_device(in[i], device, &moved[i]));
  assert_ok(eager_push_device(device));
  answer there = run(t, moved), fetched = run(t, in);
  assert_ok(eager_pop_device());
  expect_same(t, &there, &fetched, "the op fetched its inputs by itself");
  answer late = *here;
  for (int i = 0; i < t->outputs; i++) {
    assert_ok(eager_tensor_copy_to_device(here->out[i], device, &late.out[i]));
    late.bytes[i] = test_alloc(late.sizes[i] + 1);
    assert_ok(eager_tensor_to_host(late.out[i], late.bytes[i], late.sizes[i]));
  }
  expect_same(t, here, &late, "copied to another device");
  if (alike(test_device(), device))
    expect_same(t, &there, &late, "computed on a device of the same kind");
  else
    expect_close(t, &there, &late, "computed on a device of another kind");
  answer *all[] = {&there, &fetched, &late};
  for (int i = 0; i < 3; i++) drop(t, all[i]);
  release_inputs(t, moved);
}

static void check(const trial *t) {
  eager_tensor *in[MAX_INPUTS], *views[MAX_INPUTS];
  make_inputs(t, false, in);
  make_inputs(t, true, views);
  answer whole = run(t, in), view = run(t, views);
  expect_same(t, &whole, &view, "from views");
  assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
  answer later = run(t, in);
  expect_same(t, &whole, &later, "in ASYNC");
  /* ASYNC for the other devices, too: the copies overlap the ops. */
  if (test_has_same_context()) check_elsewhere(t, test_device_same_context(), in, &whole);
  if (test_has_other_context()) check_elsewhere(t, test_device_other_context(), in, &whole);
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
  answer *all[] = {&whole, &view, &later};
  for (int i = 0; i < 3; i++) drop(t, all[i]);
  release_inputs(t, in);
  release_inputs(t, views);
}

/* --- The elementwise ops --- */

/* Mostly in the domain of every op; no divisor is 0, no integer power negative. */
static double *some_values(eager_dtype dtype, int64_t count) {
  static const double specials[] = {1, INFINITY, -0.0, NAN, -1.5, 0.5, 2};
  bool is_float = test_is_float(dtype);
  double *values = test_random_values(dtype, count, is_float ? 0.1 : 1, is_float ? 3 : 9);
  for (int64_t i = 0; i < count && i < 7 && is_float; i++) values[i] = specials[i];
  return values;
}

static void check_elementwise(const eager__op *op, eager_dtype dtype, bool broadcast) {
  static const attr none[MAX_ATTRS] = {{0}};
  trial t = {.raw = op->name, .dtype = dtype, .attrs = none, .outputs = 1};
  t.input_count = eager__op_input_count(op);
  if (strcmp(op->name, "Select") == 0) broadcast = false;
  test_shape whole = {2, {test_is_slow() ? 1 : 5, 7}}, last = {1, {7}};
  for (int i = 0; i < t.input_count; i++) {
    t.inputs[i].dtype = op->inputs[i].dtypes ? EAGER_BOOL : dtype;
    t.inputs[i].shape = broadcast && i == 1 ? last : whole;
    t.inputs[i].values = some_values(t.inputs[i].dtype, test_elements(t.inputs[i].shape));
  }
  check(&t);
}

static void elementwise_ops(void **state) {
  (void)state;
  test_time_limit(280); /* an empty cache: programs of every dtype, on three devices */
  test_enable();
  uint64_t index = 0;
  for (int i = 0; i < ELEMENTWISE; i++)
    for (int d = 0; d < TEST_DTYPES; d++) {
      const eager__op *op = eager__registry_find(elementwise[i].raw);
      if (elementwise[i].float32_only && test_dtypes[d] != EAGER_FLOAT32) continue;
      if (!eager_op_is_supported(op->name, test_dtypes[d], NULL)) continue;
      if (!test_wants(op->name, test_dtypes[d])) continue;
      if (test_sampled(index++)) check_elementwise(op, test_dtypes[d], (i + d) % 2 == 1);
    }
}

/* --- Others --- */

static void check_row(const row *r) {
  trial t = {.raw = r->raw, .attrs = r->attrs, .outputs = r->outputs ? r->outputs : 1};
  for (; t.input_count < MAX_INPUTS && r->inputs[t.input_count].dtype != 0;
       t.input_count++) {
    const input *given = &r->inputs[t.input_count];
    t.inputs[t.input_count] = *given;
    t.inputs[t.input_count].values = doors_values(given, t.input_count);
    if (t.dtype == 0 || t.dtype == EAGER_BOOL) t.dtype = given->dtype;
  }
  if (t.dtype == 0) t.dtype = EAGER_FLOAT32;
  check(&t);
}

static void rows_of_doors(void **state) {
  (void)state;
  test_time_limit(280); /* an empty cache: nearly all programs there are */
  test_enable();
  uint64_t index = 0;
  for (int k = 0; k < DOORS_TABLES; k++)
    for (size_t i = 0; i < doors_tables[k].count; i++)
      if (test_wants(doors_tables[k].rows[i].raw, 0) &&
          (!test_is_slow() || test_sampled(index++)))
        check_row(&doors_tables[k].rows[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(elementwise_ops),
      cmocka_unit_test(rows_of_doors),
  };
  return test_main("ops/metamorphic", tests, sizeof tests / sizeof *tests);
}
