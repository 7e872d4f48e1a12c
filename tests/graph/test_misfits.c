/* ctest: devices=pocl-pthread timeout=240 */
/* Every row of the doors' tables with an input that is one longer or has one axis more: a
 * graph refuses what the eager call refuses, by the same code and words, when it is
 * recorded or, where an extent was unknown or the device finds it, when it runs. */
#include "recording.h"

typedef struct outcome {
  eager_status status;
  char text[1024];
  eager_tensor *out[MAX_OUTPUTS];
} outcome;

static void keep_text(outcome *o) {
  snprintf(o->text, sizeof o->text, "%s", o->status ? eager_error_message() : "");
}

static void read_failure(const trial *t, outcome *o) {
  for (int i = 0; i < t->outputs && o->status == EAGER_OK; i++)
    o->status = eager_tensor_wait(o->out[i]);
  keep_text(o);
}

/* --- Rows that do not fit --- */

static bool make_longer(trial *t, int i) {
  if (t->inputs[i].shape.rank == 0) return false;
  t->inputs[i].shape.dims[0]++;
  return true;
}

static bool make_deeper(trial *t, int i) {
  test_shape *shape = &t->inputs[i].shape;
  if (shape->rank == EAGER__MAX_RANK) return false;
  shape->dims[shape->rank++] = 1;
  return true;
}

/* --- The two ways --- */

static struct { int both_run, recording, running; } counts;

static void tell(const trial *t, form f, const outcome *eager, const outcome *got) {
  fail_msg("%s, extents are %s: eagerly %s: %s\nfrom a graph %s: %s", t->raw, form_names[f],
           eager_status_name(eager->status), eager->text, eager_status_name(got->status),
           got->text);
}

/* What is recorded need not run, and says the eager call's words then. */
static void run(const trial *t, form f, eager_graph *g, eager_tensor *const *in,
                eager_tensor *const *values, const outcome *eager, outcome *got) {
  eager_session *s;
  outcome late = {0};
  size_t count = (size_t)t->outputs;
  assert_ok(eager_session_new(g, NULL, &s));
  late.status =
      eager_session_run(s, in, values, (size_t)t->input_count, got->out, count, late.out);
  keep_text(&late);
  if (late.status == EAGER_OK) read_failure(t, &late);
  bool alike = late.status == eager->status &&
               strncmp(late.text, eager->text, strlen(eager->text)) == 0;
  bool seen_late = f == UNKNOWN || eager__registry_find(t->raw)->checked;
  if (!alike || (eager->status && !seen_late)) tell(t, f, eager, &late);
  (*(eager->status ? &counts.running : &counts.both_run))++;
  release_all(late.out, t->outputs);
  eager_session_release(s);
}

static void check_in_graph(const trial *t, form f, eager_tensor *const *values,
                           const outcome *eager) {
  eager_graph *g;
  eager_tensor *in[MAX_INPUTS];
  outcome got = {0};
  assert_ok(eager_graph_new(&g));
  assert_ok(eager_graph_begin(g));
  make_placeholders(t, f, in);
  got.status = call_by_name(t, in, got.out);
  keep_text(&got);
  assert_ok(eager_graph_end());
  bool rankless = f == UNKNOWN && strstr(got.text, "gives is unknown");
  if (got.status == EAGER_OK) {
    run(t, f, g, in, values, eager, &got);
    release_all(got.out, t->outputs);
  } else if (!rankless) {
    bool alike = f == UNKNOWN || strcmp(got.text, eager->text) == 0;
    if (got.status != eager->status || !alike) tell(t, f, eager, &got);
    counts.recording++;
  }
  release_all(in, t->input_count);
  eager_graph_release(g);
}

static void check(trial t, int i, bool (*spoil)(trial *, int)) {
  eager_tensor *values[MAX_INPUTS];
  outcome eager = {0};
  if (!spoil(&t, i)) return;
  t.inputs[i].values = NULL;
  t.inputs[i].values = doors_values(&t.inputs[i], i);
  make_inputs(&t, values);
  eager.status = call_by_name(&t, values, eager.out);
  read_failure(&t, &eager);
  check_in_graph(&t, KNOWN, values, &eager);
  check_in_graph(&t, UNKNOWN, values, &eager);
  release_all(eager.out, t.outputs);
  release_all(values, t.input_count);
}

static void rows_that_do_not_fit(void **state) {
  (void)state;
  test_time_limit(200); /* an empty cache */
  test_enable();
  for (int k = 0; k < DOORS_TABLES; k++)
    for (size_t r = 0; r < doors_tables[k].count; r++) {
      trial t = trial_of(&doors_tables[k].rows[r]);
      bool late = eager__registry_find(t.raw)->infer_late;
      for (int i = 0; i < t.input_count && !late; i++) {
        check(t, i, make_longer);
        check(t, i, make_deeper);
      }
    }
  printf("  misfits: %d refused when recorded, %d when run, %d fit after all\n",
         counts.recording, counts.running, counts.both_run);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(rows_that_do_not_fit)};
  return test_main("graph/misfits", tests, sizeof tests / sizeof *tests);
}
