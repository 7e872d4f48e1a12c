/* ctest: devices=pocl-pthread,rusticl,oclgrind timeout=240 */
/* Every op, recorded by each of its doors over placeholders whose extents are known and
 * unknown, promises what comes out and gives the bits that it gives eagerly. */
#include "api/doors_reductions.h"
#include "ops/elementwise_names.h"
#include "recording.h"

enum { DOORS = 2 }; /* by name and typed */

/* --- Comparing --- */

static void *read_bytes(const eager_tensor *t) {
  size_t size = eager_tensor_byte_size(t);
  void *bytes = test_alloc(size + 1);
  assert_ok(eager_tensor_to_host(t, bytes, size));
  return bytes;
}

/* Unknown extents may become anything, where there may be any. */
static bool fits(const eager_tensor *told, const eager_tensor *result, bool known) {
  bool same = eager_tensor_dtype(told) == eager_tensor_dtype(result) &&
              eager_tensor_rank(told) == eager_tensor_rank(result);
  for (int i = 0; same && i < eager_tensor_rank(result); i++) {
    int64_t promised = eager_tensor_dim(told, i);
    same = promised == eager_tensor_dim(result, i) || (!known && promised == -1);
  }
  return same;
}

static const char *form_text(const eager_tensor *t) {
  char text[EAGER__SHAPE_TEXT];
  test_shape shape = {.rank = eager_tensor_rank(t)};
  for (int i = 0; i < shape.rank; i++) shape.dims[i] = eager_tensor_dim(t, i);
  return test_text("%s %s", eager_dtype_name(eager_tensor_dtype(t)),
                   eager__shape_text(&shape, text));
}

static void expect_promise(const trial *t, eager_tensor *const *promised,
                           eager_tensor *const *eager, form f) {
  for (int i = 0; i < t->outputs; i++) {
    assert_true(eager_tensor_is_symbolic(promised[i]));
    if (!fits(promised[i], eager[i], f == KNOWN))
      fail_msg("%s promises %s as output %d, but it is %s: extents are %s", t->raw,
               form_text(promised[i]), i, form_text(eager[i]), form_names[f]);
  }
}

static void expect_answer(const trial *t, eager_tensor *const *got,
                          eager_tensor *const *eager, form f) {
  for (int i = 0; i < t->outputs; i++) {
    size_t size = eager_tensor_byte_size(eager[i]);
    bool same = fits(got[i], eager[i], true);
    if (!same || memcmp(read_bytes(got[i]), read_bytes(eager[i]), size) != 0)
      fail_msg("%s, output %d, is another one from a graph: extents are %s", t->raw, i,
               form_names[f]);
  }
}

/* --- Recording --- */

/* Whether the size of what comes out depends on data. By name DenseBincount has a size;
 * typed, the row with two axes leaves it open. */
static bool is_late(const trial *t, bool typed) {
  if (strcmp(t->raw, "DenseBincount") == 0) return typed && t->inputs[0].shape.rank == 2;
  return eager__registry_find(t->raw)->infer_late;
}

/* Shapes have a rank: what would have none is refused. */
static bool is_rankless(const trial *t, eager_tensor *const *in) {
  if (strcmp(t->raw, "GatherNd") == 0) return eager_tensor_dim(in[1], -1) == -1;
  if (strcmp(t->raw, "Squeeze") != 0 || t->attrs[0].name != NULL) return false;
  return eager_tensor_num_elements(in[0]) == -1;
}

/* Whether there is something to run. */
static bool record(const trial *t, bool typed, form f, eager_tensor *const *in,
                   eager_tensor **out) {
  eager_status status = typed ? t->typed(in, out) : call_by_name(t, in, out);
  const char *text = NULL;
  if (is_late(t, typed)) text = " gives depends on data: it cannot be part of a graph [Op:";
  if (is_rankless(t, in)) text = test_text("the rank of what %s gives is unknown", t->raw);
  if (text == NULL && status != EAGER_OK)
    fail_msg("%s is not recorded, extents are %s: %s", t->raw, form_names[f],
             eager_error_message());
  if (text == NULL) return true;
  assert_fails_like(status, EAGER_INVALID_ARGUMENT, text);
  for (int i = 0; i < t->outputs; i++) assert_null(out[i]);
  return false;
}

static void check_in_graph(const trial *t, eager_tensor *const *values,
                           eager_tensor *const *eager, form f) {
  eager_graph *g;
  eager_session *s;
  eager_tensor *in[MAX_INPUTS], *promised[DOORS * MAX_OUTPUTS], *got[DOORS * MAX_OUTPUTS];
  int count = 0;
  assert_ok(eager_graph_new(&g));
  assert_ok(eager_graph_begin(g));
  make_placeholders(t, f, in);
  if (t->attrs != NULL && record(t, false, f, in, promised)) count += t->outputs;
  if (t->typed != NULL && record(t, true, f, in, promised + count)) count += t->outputs;
  assert_ok(eager_graph_end());
  assert_ok(eager_session_new(g, NULL, &s));
  assert_ok(eager_session_run(s, in, values, (size_t)t->input_count, promised,
                              (size_t)count, got));
  for (int i = 0; i < count; i += t->outputs) {
    expect_promise(t, promised + i, eager, f);
    expect_answer(t, got + i, eager, f);
  }
  release_all(got, count);
  release_all(promised, count);
  release_all(in, t->input_count);
  eager_session_release(s);
  eager_graph_release(g);
}

static void check(const trial *t) {
  eager_tensor *values[MAX_INPUTS], *eager[MAX_OUTPUTS];
  test_pick_mode(test_random());
  make_inputs(t, values);
  assert_ok(t->attrs != NULL ? call_by_name(t, values, eager) : t->typed(values, eager));
  for (form f = KNOWN; f < FORMS; f++) check_in_graph(t, values, eager, f);
  release_all(values, t->input_count);
  release_all(eager, t->outputs);
}

/* --- The ops --- */

/* A test that failed may have left a scope open. */
static void begin(void) {
  test_time_limit(200); /* an empty cache: nearly all programs there are */
  test_enable();
  while (eager_graph_end() == EAGER_OK) continue;
}

static void rows_of_doors(void **state) {
  (void)state;
  begin();
  uint64_t index = 0;
  for (int k = 0; k < DOORS_TABLES; k++)
    for (size_t i = 0; i < doors_tables[k].count; i++) {
      trial t = trial_of(&doors_tables[k].rows[i]);
      if (test_wants(t.raw, 0) && (!test_is_slow() || test_sampled(index++))) check(&t);
    }
}

/* --- Ways that the tables have no row for --- */

static eager_status scale_alone(eager_tensor *const *in, eager_tensor **out) {
  return eager_batch_normalization(in[0], in[1], in[2], NULL, in[3], 0.25, out);
}
static eager_status offset_alone(eager_tensor *const *in, eager_tensor **out) {
  return eager_batch_normalization(in[0], in[1], in[2], in[3], NULL, 0.25, out);
}
static eager_status four_inputs(eager_tensor *const *in, eager_tensor **out) {
  return eager_elementwise("a * b + c - d", in, 4, out);
}
static eager_status shuffle_scalar(eager_tensor *const *in, eager_tensor **out) {
  return eager_stateless_shuffle(in[0], (int64_t[]){1, 2}, out);
}
static eager_status same_dtype(eager_tensor *const *in, eager_tensor **out) {
  return eager_cast(in[0], EAGER_FLOAT32, out);
}

#define ROWS_OF_4                                                                          \
  {                                                                                        \
    {EAGER_FLOAT16, {2, {3, 4}}}, {EAGER_FLOAT16, {1, {4}}}, {EAGER_FLOAT16, {1, {4}}}, {  \
      EAGER_FLOAT16, {                                                                     \
        1, {                                                                               \
          4                                                                                \
        }                                                                                  \
      }                                                                                    \
    }                                                                                      \
  }

static const row typed_only[] = {
    {"BatchNormalization", scale_alone, ROWS_OF_4},
    {"BatchNormalization", offset_alone, ROWS_OF_4},
    {"Elementwise", /* more than a walk takes: spread first */
     four_inputs,
     {{EAGER_FLOAT32, {2, {3, 4}}},
      {EAGER_FLOAT32, {1, {4}}},
      {EAGER_FLOAT32, {2, {3, 1}}},
      {EAGER_FLOAT32, {0}}}},
    {"StatelessShuffle", shuffle_scalar, {{EAGER_INT32, {0}}}},
    {"Cast", same_dtype, {{EAGER_FLOAT32, {1, {5}}}}},
};

static void rows_of_typed_calls(void **state) {
  (void)state;
  begin();
  for (size_t i = 0; i < sizeof typed_only / sizeof *typed_only; i++) {
    trial t = trial_of(&typed_only[i]);
    t.attrs = NULL;
    if (test_wants(t.raw, 0)) check(&t);
  }
}

/* --- Elementwise rows and reductions: their typed calls are in tables --- */

static const attr no_attrs[MAX_ATTRS] = {{0}};

typedef struct elementwise_door {
  const char *raw;
  eager_status (*unary)(eager_tensor *, eager_tensor **);
  eager_status (*binary)(eager_tensor *, eager_tensor *, eager_tensor **);
} elementwise_door;

#define UNARY(raw, typed, ...)  {#raw, typed, NULL},
#define BINARY(raw, typed, ...) {#raw, NULL, typed},
static const elementwise_door elementwise_doors[] = {
#include "ops/elementwise.def"
#include "ops/special.def"
};
enum { ELEMENTWISE_DOORS = sizeof elementwise_doors / sizeof *elementwise_doors };

static const elementwise_door *elementwise_at; /* of the trial that runs */

static eager_status call_elementwise(eager_tensor *const *in, eager_tensor **out) {
  return elementwise_at->unary != NULL ? elementwise_at->unary(in[0], out)
                                       : elementwise_at->binary(in[0], in[1], out);
}

static void check_elementwise(const char *raw, eager_dtype dtype, bool broadcast) {
  const eager__op *op = eager__registry_find(raw);
  trial t = {.raw = raw, .attrs = no_attrs, .outputs = 1};
  t.input_count = eager__op_input_count(op);
  for (int i = 0; i < ELEMENTWISE_DOORS; i++) {
    if (strcmp(elementwise_doors[i].raw, raw) != 0) continue;
    elementwise_at = &elementwise_doors[i];
    t.typed = call_elementwise;
  }
  if (strcmp(raw, "Select") == 0) broadcast = false;
  test_shape whole = {2, {2, 7}}, last = {1, {7}};
  for (int i = 0; i < t.input_count; i++) {
    t.inputs[i].dtype = op->inputs[i].dtypes ? EAGER_BOOL : dtype;
    t.inputs[i].shape = broadcast && i == 1 ? last : whole;
    t.inputs[i].values = doors_values(&t.inputs[i], i);
  }
  check(&t);
}

static void elementwise_ops(void **state) {
  (void)state;
  begin();
  uint64_t index = 0;
  for (int i = 0; i < ELEMENTWISE; i++)
    for (int d = 0; d < TEST_DTYPES; d++) {
      const char *raw = elementwise[i].raw;
      if (elementwise[i].float32_only && test_dtypes[d] != EAGER_FLOAT32) continue;
      if (!eager_op_is_supported(raw, test_dtypes[d], NULL)) continue;
      if (!test_wants(raw, test_dtypes[d])) continue;
      if (test_sampled(index++)) check_elementwise(raw, test_dtypes[d], (i + d) % 2 == 1);
    }
}

static int reduction_at; /* of the trial that runs */

static eager_status reduce_two(eager_tensor *const *in, eager_tensor **out) {
  return reductions[reduction_at].typed(in[0], (int64_t[]){-1, 0}, 2, true, out);
}
static eager_status reduce_all(eager_tensor *const *in, eager_tensor **out) {
  return reductions[reduction_at].typed(in[0], NULL, 0, false, out);
}

static void all_reductions(void **state) {
  (void)state;
  static const attr two[MAX_ATTRS] = {{"axis", EAGER_ATTR_INT_LIST, 2, {-1, 0}},
                                      {"keep_dims", EAGER_ATTR_BOOL, 1, {true}}};
  begin();
  for (reduction_at = 0; reduction_at < REDUCTIONS; reduction_at++) {
    trial t = {.raw = reductions[reduction_at].raw, .input_count = 1, .outputs = 1};
    if (!test_wants(t.raw, 0)) continue;
    t.inputs[0] = (input){reductions[reduction_at].dtype, {3, {2, 3, 2}}, NULL};
    t.inputs[0].values = doors_values(&t.inputs[0], 0);
    t.attrs = two;
    t.typed = reduce_two;
    check(&t);
    t.attrs = no_attrs;
    t.typed = reduce_all;
    check(&t);
  }
}

/* As many bins as the numbers ask for, unless told how many. */
static void bins_without_a_number(void **state) {
  (void)state;
  begin();
  eager_graph *g;
  eager_tensor *x, *out;
  assert_ok(eager_graph_new(&g));
  assert_ok(eager_graph_begin(g));
  assert_ok(eager_placeholder(EAGER_INT32, 1, (int64_t[]){-1}, "x", &x));
  assert_fails(eager_bincount(x, NULL, &out), EAGER_INVALID_ARGUMENT,
               "the size of what DenseBincount gives depends on data: it cannot be part of "
               "a graph [Op:DenseBincount]");
  assert_null(out);
  eager_bincount_options seven = {.minlength = 7, .maxlength = 7};
  assert_ok(eager_bincount(x, &seven, &out));
  assert_int_equal(eager_tensor_dim(out, 0), 7);
  eager_tensor_release(out);
  seven.axis = 5;
  assert_fails_like(eager_bincount(x, &seven, &out), EAGER_INVALID_ARGUMENT,
                    "Unsupported value for argument axis=5");
  assert_ok(eager_graph_end());
  eager_tensor_release(x);
  eager_graph_release(g);
}

/* An op whose result cannot be told while it is recorded has to say so. */
static void every_op_can_tell(void **state) {
  (void)state;
  for (int i = 0; i < eager__registry_count(); i++) {
    const eager__op *op = eager__registry_get(i);
    if (op->infer_late == (op->infer != NULL))
      fail_msg("%s: a record has either infer or infer_late", op->name);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_of_doors),         cmocka_unit_test(rows_of_typed_calls),
      cmocka_unit_test(elementwise_ops),       cmocka_unit_test(all_reductions),
      cmocka_unit_test(bins_without_a_number), cmocka_unit_test(every_op_can_tell),
  };
  return test_main("graph/every_op", tests, sizeof tests / sizeof *tests);
}
