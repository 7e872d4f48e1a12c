/* ctest: devices=all timeout=300 */
/* Every op through both doors, typed and by name: the same dtype, shape and bytes. */
#include "doors_all.h"
#include "doors_reductions.h"

#define UNARY(raw, typed, ...)  {#raw, typed, NULL},
#define BINARY(raw, typed, ...) {#raw, NULL, typed},
static const struct {
  const char *raw;
  eager_status (*unary)(eager_tensor *, eager_tensor **);
  eager_status (*binary)(eager_tensor *, eager_tensor *, eager_tensor **);
} elementwise[] = {
#include "ops/elementwise.def"
#include "ops/special.def"
};
enum { ELEMENTWISE = sizeof elementwise / sizeof *elementwise };

/* --- Comparing --- */

static bool alike(const eager_tensor *a, const eager_tensor *b) {
  if (eager_tensor_dtype(a) != eager_tensor_dtype(b)) return false;
  if (eager_tensor_rank(a) != eager_tensor_rank(b)) return false;
  for (int d = 0; d < eager_tensor_rank(a); d++)
    if (eager_tensor_dim(a, d) != eager_tensor_dim(b, d)) return false;
  size_t size =
      (size_t)eager_tensor_num_elements(a) * eager_dtype_size(eager_tensor_dtype(a));
  void *bytes[2] = {test_alloc(size), test_alloc(size)};
  assert_ok(eager_tensor_to_host(a, bytes[0], size));
  assert_ok(eager_tensor_to_host(b, bytes[1], size));
  return memcmp(bytes[0], bytes[1], size) == 0;
}

/* Takes over the typed door's outputs. */
static void expect_alike(const char *raw, eager_tensor *const *in, int input_count,
                         const attr *attrs, eager_tensor *const *typed, int outputs) {
  eager_tensor *named[MAX_OUTPUTS];
  doors_by_name(raw, in, input_count, attrs, named, outputs);
  for (int i = 0; i < outputs; i++) {
    if (!alike(typed[i], named[i]))
      fail_msg("%s: the typed door and the raw one differ in output %d", raw, i);
    eager_tensor_release(typed[i]);
    eager_tensor_release(named[i]);
  }
}

static void check(const row *r) {
  test_pick_mode(test_random());
  eager_tensor *in[MAX_INPUTS] = {0}, *typed[MAX_OUTPUTS];
  int count = 0;
  for (; count < MAX_INPUTS && r->inputs[count].dtype != 0; count++)
    in[count] = doors_make(&r->inputs[count], count);
  assert_ok(r->typed(in, typed));
  expect_alike(r->raw, in, count, r->attrs, typed, r->outputs ? r->outputs : 1);
  for (int i = 0; i < count; i++) eager_tensor_release(in[i]);
}

static void rows_agree(void **state) {
  (void)state;
  test_enable();
  for (int t = 0; t < DOORS_TABLES; t++)
    for (size_t i = 0; i < doors_tables[t].count; i++) check(&doors_tables[t].rows[i]);
}

static void reductions_agree(void **state) {
  (void)state;
  test_enable();
  static const attr kept[MAX_ATTRS] = {{"axis", EAGER_ATTR_INT_LIST, 2, {-1, 0}},
                                       {"keep_dims", EAGER_ATTR_BOOL, 1, {true}}};
  static const attr none[MAX_ATTRS] = {{0}};
  for (int i = 0; i < REDUCTIONS; i++) {
    test_pick_mode(test_random());
    const char *raw = reductions[i].raw;
    eager_tensor *x = doors_make(&(input){reductions[i].dtype, {3, {2, 3, 2}}, NULL}, 0),
                 *typed;
    assert_ok(reductions[i].typed(x, (int64_t[]){-1, 0}, 2, true, &typed));
    expect_alike(raw, &x, 1, kept, &typed, 1);
    assert_ok(reductions[i].typed(x, NULL, 0, false, &typed));
    expect_alike(raw, &x, 1, none, &typed, 1);
    eager_tensor_release(x);
  }
}

static eager_dtype legal_dtype(const char *raw) {
  static const eager_dtype tried[] = {EAGER_FLOAT32, EAGER_INT32, EAGER_BOOL};
  for (int i = 0; i < 3; i++)
    if (eager_op_is_supported(raw, tried[i], NULL)) return tried[i];
  fail_msg("%s takes neither float32 nor int32 nor bool", raw);
  return EAGER_BOOL;
}

static void elementwise_agree(void **state) {
  (void)state;
  test_time_limit(200); /* an empty cache: three programs of nearly all the rows */
  test_enable();
  static const attr none[MAX_ATTRS] = {{0}};
  for (int i = 0; i < ELEMENTWISE; i++) {
    test_pick_mode(test_random());
    const char *raw = elementwise[i].raw;
    eager_dtype dtype = legal_dtype(raw);
    int count = elementwise[i].unary != NULL ? 1 : 2;
    eager_tensor *in[] = {doors_make(&(input){dtype, {2, {3, 2}}, NULL}, 0),
                          doors_make(&(input){dtype, {1, {2}}, NULL}, 1)};
    eager_tensor *typed;
    assert_ok(count == 1 ? elementwise[i].unary(in[0], &typed)
                         : elementwise[i].binary(in[0], in[1], &typed));
    expect_alike(raw, in, count, none, &typed, 1);
    eager_tensor_release(in[0]);
    eager_tensor_release(in[1]);
  }
}

static bool is_listed(const char *name) {
  bool listed = false;
  for (int t = 0; t < DOORS_TABLES; t++)
    for (size_t i = 0; i < doors_tables[t].count; i++)
      listed |= strcmp(name, doors_tables[t].rows[i].raw) == 0;
  for (int i = 0; i < REDUCTIONS; i++) listed |= strcmp(name, reductions[i].raw) == 0;
  for (int i = 0; i < ELEMENTWISE; i++) listed |= strcmp(name, elementwise[i].raw) == 0;
  return listed;
}

static void leaves_no_op_out(void **state) {
  (void)state;
  for (size_t i = 0; i < eager_op_count(); i++)
    if (!is_listed(eager_op_name(i))) fail_msg("no row for %s", eager_op_name(i));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_agree),
      cmocka_unit_test(reductions_agree),
      cmocka_unit_test(elementwise_agree),
      cmocka_unit_test(leaves_no_op_out),
  };
  return test_main("api/doors", tests, sizeof tests / sizeof *tests);
}
