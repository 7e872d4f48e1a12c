/* ctest: devices=pocl-pthread timeout=240 */
/* Every public function that takes tensors is given symbolic ones. Outside a graph's scope
 * they are refused; inside, a call is refused when and as the eager one is, whatever the
 * dtypes and ranks. The functions come from the headers (tests/calls.h). */
#include "calls.h"
#include "ops/registry.h"
#include "program.h"

static const char no_value[] = "is symbolic: run it in a session";

/* These need values. */
static const call_name readers[] = {
    {"eager_tensor_*"}, {"eager_npy_*"}, {"eager_npz_*"}, {"eager_tidy_*"}, {NULL}};

/* They print, count references or do not look at the tensor; graphs' own have tests. */
static const call_name left_out[] = {
    {"eager_tensor_print"}, {"*_release"},       {"*_retain"},         {"eager_op_*"},
    {"eager_graph_*"},      {"eager_session_*"}, {"eager_function_*"}, {NULL}};

typedef struct outcome {
  eager_status status;
  char text[1024];
} outcome;

static bool takes_tensors(const public_call *call) {
  for (int i = 0; i < call->count; i++) {
    const char *type = call->parameters[i].type;
    if (strcmp(type, "eager_tensor *") == 0 || strcmp(type, "const eager_tensor *") == 0 ||
        strcmp(type, "eager_tensor *const *") == 0)
      return !calls_is_listed(left_out, call->name, NULL);
  }
  return false;
}

static outcome run(const public_call *call, const call_things *things) {
  call_value values[CALL_MAX_PARAMETERS];
  outcome o;
  calls_fill(call, things, values);
  o.status = call->run(values);
  snprintf(o.text, sizeof o.text, "%s", o.status ? eager_error_message() : "");
  if (o.status == EAGER_OK && call->is_fallible) calls_drop_outputs(call, values);
  if (o.status != EAGER_OK && !calls_left_outputs(call, values))
    fail_msg("%s: %s: touched an output", call->name, o.text);
  return o;
}

/* --- Things whose tensors are placeholders --- */

static void make_symbolic(const call_things *live, bool known, call_things *out) {
  *out = *live;
  for (int i = 0; i < CALL_TENSORS; i++) {
    int64_t dims[8];
    int rank = eager_tensor_rank(live->made[i]);
    for (int d = 0; d < rank; d++)
      dims[d] = known ? eager_tensor_dim(live->made[i], d) : -1;
    assert_ok(eager_placeholder(eager_tensor_dtype(live->made[i]), rank, dims, NULL,
                                &out->made[i]));
  }
}

static void release_symbolic(call_things *things) {
  for (int i = 0; i < CALL_TENSORS; i++) eager_tensor_release(things->made[i]);
}

/* --- What is expected --- */

/* Refused by the device, or by what it found: that comes when a session runs. */
static bool is_late(const outcome *eager) {
  const char *name = strstr(eager->text, "[Op:");
  char op[128];
  if (name == NULL || sscanf(name, "[Op:%127[^]]", op) != 1) return false;
  const eager__op *record = eager__registry_find(op);
  return record != NULL && (record->checked || record->infer_late);
}

static bool may_refuse(const public_call *call, const outcome *got) {
  if (strstr(got->text, "gives depends on data: it cannot be part of a graph")) return true;
  return strstr(got->text, no_value) && calls_is_listed(readers, call->name, NULL);
}

static bool is_same(const outcome *a, const outcome *b) {
  return a->status == b->status && strcmp(a->text, b->text) == 0;
}

/* Unknown extents change a text, and which of two mistakes is seen. */
static bool fits(const outcome *got, const outcome *eager, bool known) {
  if (got->status == EAGER_OK) return is_late(eager) || !known;
  return known ? is_same(got, eager) : got->status == eager->status;
}

static struct {
  call_things live, symbolic;
  int outside, alike, recorded, late, refused;
} all;

static void try_outside(const public_call *call, const outcome *eager) {
  outcome got = run(call, &all.symbolic);
  if (!call->is_fallible || is_same(&got, eager)) return;
  if (got.status != EAGER_FAILED_PRECONDITION || !strstr(got.text, no_value))
    fail_msg("%s of a symbolic tensor: %s: %s", call->name, eager_status_name(got.status),
             got.text);
  all.outside++;
}

static void try_inside(const public_call *call, const outcome *eager, bool known) {
  outcome got = run(call, &all.symbolic);
  if (!call->is_fallible) return;
  if (got.status == EAGER_OK && eager->status == EAGER_OK)
    all.recorded++;
  else if (may_refuse(call, &got))
    all.refused++;
  else if (fits(&got, eager, known))
    got.status == EAGER_OK ? all.late++ : all.alike++;
  else if (known || !strstr(got.text, "is unknown"))
    fail_msg("%s, extents are %s: eagerly %s: %s\nrecorded %s: %s", call->name,
             known ? "known" : "unknown", eager_status_name(eager->status), eager->text,
             eager_status_name(got.status), got.text);
}

static void try_variant(int variant, bool known) {
  eager_graph *g;
  calls_pick(&all.live, variant);
  assert_ok(eager_graph_new(&g));
  for (size_t c = 0; c < public_call_count; c++) {
    const public_call *call = &public_calls[c];
    if (!takes_tensors(call)) continue;
    outcome eager = run(call, &all.live);
    assert_ok(eager_graph_begin(g));
    make_symbolic(&all.live, known, &all.symbolic);
    calls_pick(&all.symbolic, variant);
    try_inside(call, &eager, known);
    assert_ok(eager_graph_end());
    try_outside(call, &eager);
    release_symbolic(&all.symbolic);
  }
  eager_graph_release(g);
}

static void every_call(void **state) {
  (void)state;
  test_time_limit(200); /* an empty cache: nearly all programs there are */
  test_enable();
  program_folder_make();
  calls_make(program_folder(), &all.live);
  for (int variant = 0; variant < CALL_VARIANTS; variant++) {
    try_variant(variant, true);
    try_variant(variant, false);
  }
  printf("  calls: %d recorded, %d refused alike, %d refused when run, %d never part of a "
         "graph; %d refused outside\n",
         all.recorded, all.alike, all.late, all.refused, all.outside);
  calls_release(&all.live);
  program_folder_remove();
}

/* Tensors in structs, which no list of parameters tells. */
static void in_structs(void **state) {
  (void)state;
  test_enable();
  program_folder_make();
  calls_make(program_folder(), &all.live);
  eager_graph *g;
  assert_ok(eager_graph_new(&g));
  assert_ok(eager_graph_begin(g));
  make_symbolic(&all.live, true, &all.symbolic);
  assert_ok(eager_graph_end());
  eager_tensor *ints = all.live.made[1], *out;
  eager_bincount_options weighted = {.weights = all.symbolic.made[1]};
  assert_fails_like(eager_bincount(ints, &weighted, &out), EAGER_FAILED_PRECONDITION,
                    no_value);
  assert_null(out);
  eager_kernel_arg args[] = {{EAGER_KERNEL_INPUT, .tensor = all.symbolic.made[1]},
                             {EAGER_KERNEL_OUTPUT, .dtype = EAGER_INT32}};
  assert_fails_like(
      eager_kernel_run(all.live.kernel, 1, (size_t[]){1}, NULL, args, 2, &out, 1),
      EAGER_FAILED_PRECONDITION, no_value);
  assert_null(out);
  release_symbolic(&all.symbolic);
  eager_graph_release(g);
  calls_release(&all.live);
  program_folder_remove();
}

/* Nothing is allocated, so only the number itself can be too large. */
static void results_too_large(void **state) {
  (void)state;
  const int64_t side = INT64_C(1) << 31;
  test_enable();
  eager_graph *g;
  eager_tensor *x, *y, *out;
  assert_ok(eager_graph_new(&g));
  assert_ok(eager_graph_begin(g));
  assert_ok(eager_placeholder(EAGER_FLOAT32, 2, (int64_t[]){side, 1}, "x", &x));
  assert_ok(eager_placeholder(EAGER_FLOAT32, 2, (int64_t[]){1, side}, "y", &y));
  assert_fails(eager_add(x, y, &out), EAGER_INVALID_ARGUMENT,
               "shape [2147483648,2147483648] of dtype float32 is too large: its bytes do "
               "not fit into 63 bits [Op:AddV2]");
  assert_null(out);
  assert_ok(eager_graph_end());
  eager_tensor_release(x);
  eager_tensor_release(y);
  eager_graph_release(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_call),
                                     cmocka_unit_test(in_structs),
                                     cmocka_unit_test(results_too_large)};
  return test_main("graph/every_call", tests, sizeof tests / sizeof *tests);
}
