/* The ops of the library, by the header their typed doors stand in; and which results there
 * should be. */
#include "matrix.h"
#include "op_groups.h"

const char *op_group(const char *raw) {
  eager_op_description op;
  if (eager_op_describe(raw, &op) != EAGER_OK) return "others";
  size_t size = strcspn(op.typed_names, ", ");
  for (size_t i = 0; i < sizeof op_doors / sizeof *op_doors; i++)
    if (strlen(op_doors[i].typed) == size &&
        strncmp(op_doors[i].typed, op.typed_names, size) == 0)
      return op_doors[i].group;
  return "others";
}

static bool has_word(const char *words, const char *word) {
  size_t size = strlen(word);
  for (const char *at = words; (at = strstr(at, word)) != NULL; at += size)
    if ((at == words || at[-1] == ' ') && (at[size] == ' ' || at[size] == '\0'))
      return true;
  return false;
}

/* Another op with the same typed door, or NULL. */
static const char *op_behind(const char *raw) {
  eager_op_description op, other;
  if (eager_op_describe(raw, &op) != EAGER_OK || op.typed_names[0] == '\0') return NULL;
  for (size_t i = 0; i < eager_op_count(); i++)
    if (strcmp(eager_op_name(i), raw) != 0 &&
        eager_op_describe(eager_op_name(i), &other) == EAGER_OK &&
        strcmp(op.typed_names, other.typed_names) == 0)
      return eager_op_name(i);
  return NULL;
}

static char *why_not(int number, const char *op, eager_dtype dtype, int mode,
                     bool stopped) {
  char text[160];
  const char *behind = op_behind(op);
  bool in_sync = mode == EAGER_ASYNC &&
                 result_of("ops", op, dtype, EAGER_SYNC, number)->status == PASS;
  if (dtype == EAGER_FLOAT64 && !the_machine->devices[number].has_float64)
    return copied("no float64 arithmetic on this device");
  if (stopped) return copied("not reached: the run was stopped");
  if (behind != NULL) {
    snprintf(text, sizeof text, "another name of %s, which tests compute", behind);
    return copied(text);
  }
  if (!the_options->full && !in_sync) return copied("not in this run's sample; see --full");
  if (in_sync && the_options->quick) return copied("its tests run in SYNC");
  if (in_sync)
    return copied("its tests run in SYNC; ops/metamorphic compares ASYNC with that");
  return copied("no test computes it here");
}

static void add_missing(const char *op, const char *dtypes, int number, bool stopped) {
  for (int d = 0; d < TEST_DTYPES; d++) {
    const char *name = eager_dtype_name(test_dtypes[d]);
    if (!has_word(dtypes, name)) continue;
    if (the_options->dtype != NULL && strcmp(the_options->dtype, name) != 0) continue;
    for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
      const char *asked = the_options->mode;
      if (asked != NULL && (strcmp(asked, "async") == 0) != (mode == EAGER_ASYNC)) continue;
      const result *r = result_of("ops", op, test_dtypes[d], mode, number);
      if (r->test[0] != '\0' || r->text != NULL) continue;
      char *why = why_not(number, op, test_dtypes[d], mode, stopped);
      result_of("ops", op, test_dtypes[d], mode, number)->text = why;
    }
  }
}

void ops_add_missing(int number, bool stopped) {
  if (the_options->test != NULL) return;
  for (size_t i = 0; i < eager_op_count(); i++) {
    eager_op_description op;
    if (eager_op_describe(eager_op_name(i), &op) != EAGER_OK) continue;
    if (the_options->op != NULL && strcmp(the_options->op, op.name) != 0) continue;
    add_missing(op.name, op.dtypes, number, stopped);
  }
}

void ops_drop_others(void) {
  int kept = 0;
  for (int i = 0; i < result_count; i++) {
    const result *r = &results[i];
    bool is_op = strcmp(r->section, "ops") == 0 || strcmp(r->section, "numerics") == 0;
    bool other = is_op && the_options->op != NULL && strcmp(r->row, the_options->op) != 0;
    other |= the_options->dtype != NULL && r->dtype != 0 &&
             strcmp(the_options->dtype, eager_dtype_name(r->dtype)) != 0;
    if (other && !result_is_bad(r)) continue;
    results[kept++] = results[i];
  }
  result_count = kept;
}
