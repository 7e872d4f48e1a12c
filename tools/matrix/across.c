#include "across.h"

#include <math.h>

#include "api/doors_all.h"
#include "matrix.h"

enum { MOST_ROWS = 3000, VALUES = 40, WIDELY = 256 };

typedef struct across_row {
  char op[WATCH_NAME];
  eager_dtype dtype;
  int count;
  double values[VALUES];
} across_row;

typedef struct across_page {
  int count;
  across_row rows[MOST_ROWS];
} across_page;

static across_page *pages[MAX_DEVICES], *own;

bool across_prepare(int devices) {
  for (int i = 0; i < devices; i++)
    if ((pages[i] = shared_memory(sizeof **pages)) == NULL) return false;
  return true;
}

void across_enter(int number) {
  own = pages[number];
}

/* ---- The cases, in a child ---- */

static void keep(const char *op, const eager_tensor *t) {
  if (own == NULL || own->count == MOST_ROWS) return;
  int64_t count = eager_tensor_num_elements(t);
  const double *values = test_read(t);
  across_row *to = &own->rows[own->count];
  *to = (across_row){.dtype = eager_tensor_dtype(t)};
  snprintf(to->op, sizeof to->op, "%s", op);
  to->count = count < VALUES ? (int)count : VALUES;
  memcpy(to->values, values, (size_t)to->count * sizeof *values);
  own->count++;
}

/* An op that takes so many tensors of one dtype and shape and needs nothing else. */
static void run_simple(const eager_op_description *op, eager_dtype dtype) {
  eager_op *call;
  eager_tensor *in[4], *out[4] = {NULL};
  int count = 4;
  bool is_float = test_is_float(dtype);
  test_chance_begin(op->name);
  assert_ok(eager_op_new(op->name, &call));
  for (int i = 0; i < op->input_count; i++) {
    in[i] =
        test_tensor(dtype, (test_shape){2, {5, 5}},
                    test_random_values(dtype, 25, is_float ? 0.1 : 1, is_float ? 3 : 9));
    assert_ok(eager_op_add_input(call, in[i]));
  }
  if (eager_op_execute(call, out, &count) == EAGER_OK)
    for (int i = 0; i < count; i++) keep(op->name, out[i]);
  for (int i = 0; i < 4; i++) eager_tensor_release(out[i]);
  for (int i = 0; i < op->input_count; i++) eager_tensor_release(in[i]);
  eager_op_release(call);
}

static bool is_simple(const eager_op_description *op) {
  bool needs = op->input_count < 1 || op->input_count > 3 || op->variadic_input >= 0;
  for (int i = 0; i < op->attr_count; i++) needs |= op->attrs[i].required;
  return !needs;
}

static void simple_ops(void **state) {
  (void)state;
  test_time_limit(280);
  test_enable();
  for (size_t i = 0; i < eager_op_count(); i++) {
    eager_op_description op;
    assert_ok(eager_op_describe(eager_op_name(i), &op));
    for (int d = 0; d < TEST_DTYPES && is_simple(&op); d++)
      if (test_wants(op.name, test_dtypes[d]) &&
          eager_op_is_supported(op.name, test_dtypes[d], NULL))
        run_simple(&op, test_dtypes[d]);
  }
}

static void run_row(const row *r) {
  eager_tensor *in[MAX_INPUTS], *out[MAX_OUTPUTS];
  int count = 0, outputs = r->outputs ? r->outputs : 1;
  for (; count < MAX_INPUTS && r->inputs[count].dtype != 0; count++)
    in[count] = doors_make(&r->inputs[count], count);
  assert_ok(r->typed(in, out));
  for (int i = 0; i < outputs; i++) {
    keep(r->raw, out[i]);
    eager_tensor_release(out[i]);
  }
  for (int i = 0; i < count; i++) eager_tensor_release(in[i]);
}

static void rows_of_doors(void **state) {
  (void)state;
  test_time_limit(280);
  test_enable();
  for (int t = 0; t < DOORS_TABLES; t++)
    for (size_t i = 0; i < doors_tables[t].count; i++)
      if (test_wants(doors_tables[t].rows[i].raw, (eager_dtype)0))
        run_row(&doors_tables[t].rows[i]);
}

void across_register(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(simple_ops),
      cmocka_unit_test(rows_of_doors),
  };
  test_main("across/ops", tests, sizeof tests / sizeof *tests);
}

/* ---- Beside each other, in the parent ---- */

static double apart(eager_dtype dtype, double a, double b) {
  if (a == b || (isnan(a) && isnan(b))) return 0;
  if (isnan(a) || isnan(b) || isinf(a) || isinf(b)) return INFINITY;
  if (!test_is_float(dtype)) return fabs(a - b);
  int exponent;
  frexp(fmax(fmax(fabs(a), fabs(b)), test_smallest_normal(dtype)), &exponent);
  return fabs(a - b) / ldexp(test_epsilon(dtype), exponent - 1);
}

static void compare_rows(const across_row *here, const across_row *there, int number,
                         int other) {
  double most = 0, a = 0, b = 0;
  char text[160] = "";
  for (int i = 0; i < here->count && i < there->count; i++) {
    double off = apart(here->dtype, here->values[i], there->values[i]);
    if (!(off > most)) continue;
    most = off;
    a = here->values[i];
    b = there->values[i];
  }
  result *to = result_of("across", here->op, here->dtype, -1, number);
  to->cases += here->count;
  bool widely = most > WIDELY;
  if (most > 0)
    snprintf(text, sizeof text, "%.3g ulp from %s: %.9g and there %.9g", most,
             the_machine->devices[other].name, a, b);
  if (most <= to->ulps && to->test[0] != '\0') return;
  to->ulps = isinf(most) ? 1e9 : most;
  to->test[0] = '\0';
  result_add(to, widely ? QUIRK : PASS, text, "across/ops");
}

void across_compare(void) {
  for (int a = 0; a < MAX_DEVICES; a++)
    for (int b = 0; b < MAX_DEVICES && pages[a] != NULL; b++) {
      if (a == b || pages[b] == NULL) continue;
      for (int i = 0, k = 0; i < pages[a]->count; i++) {
        const across_row *here = &pages[a]->rows[i], *there = pages[b]->rows;
        /* In the same order on both, but for what one of them cannot do. */
        int at = k;
        while (at < pages[b]->count &&
               (strcmp(there[at].op, here->op) != 0 || there[at].dtype != here->dtype))
          at++;
        if (at == pages[b]->count) continue;
        k = at + 1;
        compare_rows(here, &there[at], a, b);
      }
    }
}
