#include "ops/registry.h"

#include "test.h"

static void is_sorted_without_doubles(void **state) {
  (void)state;
  int count = eager__registry_count(), listed = 0;
  for (int i = 0; i < eager__op_list_count; i++) listed += eager__op_lists[i]->count;
  assert_int_equal(count, listed);
  for (int i = 1; i < count; i++)
    if (strcmp(eager__registry_get(i - 1)->name, eager__registry_get(i)->name) >= 0)
      fail_msg("%s and %s", eager__registry_get(i - 1)->name, eager__registry_get(i)->name);
}

static void finds_each_by_name(void **state) {
  (void)state;
  for (int i = 0; i < eager__registry_count(); i++) {
    const eager__op *op = eager__registry_get(i);
    assert_ptr_equal(eager__registry_find(op->name), op);
  }
  static const char *const absent[] = {"", "A", "softmax", "Softmaxx", "Softma", "zzz"};
  for (int i = 0; i < 6; i++) assert_null(eager__registry_find(absent[i]));
}

/* What the one path and the by-name door take for granted. */
static void records_are_whole(void **state) {
  (void)state;
  for (int i = 0; i < eager__registry_count(); i++) {
    const eager__op *op = eager__registry_get(i);
    int inputs = eager__op_input_count(op);
    bool has_common_dtype = false;
    for (int k = 0; k < inputs; k++)
      has_common_dtype = has_common_dtype || op->inputs[k].dtypes == 0;
    if (op->infer == NULL && !op->infer_late) fail_msg("%s has no infer", op->name);
    if (op->infer_late && op->compose == NULL) fail_msg("%s has no compose", op->name);
    if (op->dtypes == 0) fail_msg("%s has no dtypes", op->name);
    if (op->typed == NULL) fail_msg("%s has no typed name", op->name);
    if (op->variadic && inputs != 1)
      fail_msg("%s: variadic with %d inputs", op->name, inputs);
    if (eager__op_output_count(op) > EAGER__INLINE_OUTPUTS)
      fail_msg("%s: outputs", op->name);
    for (int a = 0; a < EAGER__MAX_ATTRS && op->attrs[a].name; a++)
      if (op->attrs[a].kind == EAGER__ATTR_NONE)
        fail_msg("%s: attribute %s has no kind", op->name, op->attrs[a].name);
    if (inputs > 0 && !has_common_dtype && !op->moves_only)
      print_message("%s has no input of dtype T\n", op->name);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(is_sorted_without_doubles),
      cmocka_unit_test(finds_each_by_name),
      cmocka_unit_test(records_are_whole),
  };
  return cmocka_run_group_tests_name("ops/registry", tests, NULL, NULL);
}
