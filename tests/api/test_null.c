/* ctest: timeout=240 */
/* Every pointer argument of every public function, NULL: told, or a value that the header
 * gives a meaning to. The table of functions is made from the headers, so a new one joins
 * by itself; what NULL means to it is looked up here. */
#include "calls.h"
#include "program.h"

/* NULL is a value: the headers say which. */
static const call_name optional[] = {
    {"*", "device"},
    {"*conv*", "options"},
    {"*_slice*", "options"},
    {"*_diag*", "options"},
    {"*_norm*", "options"},
    {"*_response_normalization*", "options"},
    {"eager_bincount", "options"},
    {"eager_enable_execution", "config"},
    {"eager_push_device", "name"},
    {"eager_kernel_new", "build_options"},
    {"eager_session_new", "config"},
    {"eager_function_new", "user"},
    {"eager_tensor_adopt_host", "free_fn"},
    {"eager_tensor_adopt_host", "user"},
    {"eager_tensor_from_cl_mem", "ready"},
    {"eager_device_cl", "out_context"},
    {"eager_device_cl", "out_device"},
    {"eager_device_cl", "out_queue"},
    {"eager_transpose", "perm"},
    {"eager_strided_slice", "strides"},
    {"eager_strided_slice_grad", "strides"},
    {"eager_tensor_strided_slice_update", "strides"},
    {"eager_dropout", "noise_shape"},
    {"*", "data_format"},
    {"*", "direction"},
    {"eager_searchsorted", "side"},
    {"eager_attention", "mask"},
    {"eager_batch_normalization", "offset"},
    {"eager_batch_normalization", "scale"},
    {"eager_layer_norm", "beta"},
    {"eager_rms_norm", "gamma"},
    /* Outputs nobody wants. */
    {"*", "out_backprop"},
    {"*", "out_mean"},
    {"*", "out_rstd"},
    {"*", "out_dgamma"},
    {"*", "out_dbeta"},
    {"eager_fused_batch_norm", "out_batch_mean"},
    {"eager_fused_batch_norm", "out_batch_variance"},
    {"eager_fused_batch_norm", "out_saved_mean"},
    {"eager_fused_batch_norm", "out_saved_variance"},
    {"eager_fused_batch_norm_grad", "out_scale_backprop"},
    {"eager_fused_batch_norm_grad", "out_offset_backprop"},
    {NULL},
};

/* Needs a graph scope, in which ops would not run: tests/graph. */
static const call_name elsewhere[] = {{"eager_placeholder", "name"}, {NULL}};

/* Told by these words, or by "NULL". */
static const struct {
  call_name at;
  const char *words;
} worded[] = {
    {{"*", "values"}, "must be a list of one or more tensors"},
    {{"*", "inputs"}, "must be a list of one or more tensors"},
    {{"*", "output_shape"}, "needs attribute `input_sizes`"},
    {{"*", "input_sizes"}, "needs attribute `input_sizes`"},
    {{"*", "filter_sizes"}, "needs attribute `filter_sizes`"},
    {{"*", "orig_input_dims"}, "needs attribute `orig_input_shape`"},
    {{"*", "size"}, "needs attribute `size`"},
    {{"*_pool*", "options"}, "ksize must be larger than 0"},
    {{"*", "boundaries"}, "needs attribute `boundaries`"},
    {{"eager_op_execute", "outputs"}, "but there is room for 0"},
};
enum { WORDED = sizeof worded / sizeof *worded };

static const char *expected_words(const char *function, const char *parameter) {
  for (int i = 0; i < WORDED; i++)
    if (calls_is_listed((call_name[]){worded[i].at, {NULL}}, function, parameter))
      return worded[i].words;
  return "NULL";
}

/* --- Trying --- */

static struct {
  int tried, told,
      meant; /* calls; arguments refused; arguments for which NULL is a value */
} counted;

static bool has_tensors(const public_call *call) {
  for (int i = 0; i < call->count; i++)
    if (strstr(call->parameters[i].type, "eager_tensor *")) return true;
  return false;
}

/* Whether any kind of tensors beside it brings the refusal to light: of two wrong arguments
 * a function tells one. */
static void try_null(const public_call *call, int which, call_things *things) {
  const char *parameter = call->parameters[which].name;
  bool is_list = strcmp(call->parameters[which].type, "const int64_t *") == 0;
  const char *words = expected_words(call->name, parameter);
  int variants = has_tensors(call) ? CALL_VARIANTS : 1, told = 0, went_well = 0;
  char last[256] = "";
  for (int v = 0; v < variants; v++) {
    call_value values[CALL_MAX_PARAMETERS];
    calls_pick(things, v);
    calls_fill(call, things, values);
    values[which].pointer = NULL;
    eager_status status = call->run(values);
    counted.tried++;
    if (!call->is_fallible) continue;
    if (status == EAGER_OK) {
      calls_drop_outputs(call, values);
      went_well += !is_list || v != CALL_SCALARS; /* of rank 0 the list is empty */
      continue;
    }
    snprintf(last, sizeof last, "%s", eager_error_message());
    if (status != EAGER_INVALID_ARGUMENT)
      fail_msg("%s, %s NULL: %s: %s", call->name, parameter, eager_status_name(status),
               last);
    if (!calls_left_outputs(call, values))
      fail_msg("%s, %s NULL: an output is neither as it was nor zero", call->name,
               parameter);
    if (strstr(last, words) || strstr(last, "NULL")) told++;
  }
  bool may_be = calls_is_listed(optional, call->name, parameter);
  if (went_well && !may_be)
    fail_msg("%s takes a NULL %s, and nothing here says why", call->name, parameter);
  if (call->is_fallible && !told && !may_be)
    fail_msg("%s, %s NULL: never told; instead: %s", call->name, parameter, last);
  may_be ? counted.meant++ : counted.told++;
}

static void every_null_is_told(void **state) {
  (void)state;
  call_things things;
  test_time_limit(200); /* an empty cache: programs of many ops */
  test_enable();
  program_folder_make();
  calls_make(program_folder(), &things);
  for (size_t c = 0; c < public_call_count; c++)
    for (int i = 0; i < public_calls[c].count; i++)
      if (public_calls[c].parameters[i].kind == CALL_POINTER &&
          !calls_is_listed(elsewhere, public_calls[c].name,
                           public_calls[c].parameters[i].name))
        try_null(&public_calls[c], i, &things);
  printf("  null arguments: %zu functions, %d refused, %d meant, %d calls\n",
         public_call_count, counted.told, counted.meant, counted.tried);
  eager_tensor *still; /* the library works on */
  assert_ok(eager_add(things.made[0], things.made[0], &still));
  eager_tensor_release(still);
  calls_release(&things);
  program_folder_remove();
}

/* One NULL among the tensors of a list. */
static void a_null_in_a_list_is_told(void **state) {
  (void)state;
  call_things things;
  int lists = 0;
  test_enable();
  program_folder_make();
  calls_make(program_folder(), &things);
  for (size_t c = 0; c < public_call_count; c++) {
    const public_call *call = &public_calls[c];
    for (int i = 0; i < call->count; i++) {
      call_value values[CALL_MAX_PARAMETERS];
      if (strcmp(call->parameters[i].type, "eager_tensor *const *") != 0) continue;
      calls_fill(call, &things, values);
      values[i].pointer = (eager_tensor *[]){NULL};
      assert_fails_like(call->run(values), EAGER_INVALID_ARGUMENT, "NULL");
      assert_true(calls_left_outputs(call, values));
      lists++;
    }
  }
  printf("  null in lists: %d functions\n", lists);
  assert_true(lists > 0);
  calls_release(&things);
  program_folder_remove();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_null_is_told),
      cmocka_unit_test(a_null_in_a_list_is_told),
  };
  return test_main("api/null", tests, sizeof tests / sizeof *tests);
}
