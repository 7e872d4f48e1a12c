/* ctest: devices=all labels=threaded timeout=180 */
/* EAGERCL_TRACE: what the file says of a process. Each test has a process of its own; the
 * last ones run this program again, with what it is to do as its argument. */
#include <signal.h>
#include <unistd.h>

#include "base/trace.h"
#include "json.h"
#include "placing.h"
#include "program.h"
#include "test_layer.h"

static const char variable[] = "EAGERCL_TRACE";

/* --- Making a trace and reading it --- */

static const char *file_name(void) {
  return program_path("trace.json");
}

static void begin(eager_execution_mode mode) {
  program_folder_make();
  assert_int_equal(setenv(variable, file_name(), 1), 0);
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, mode);
}

static char *content(const char *name) {
  FILE *file = fopen(name, "r");
  if (file == NULL) fail_msg("there is no %s", name);
  assert_int_equal(fseek(file, 0, SEEK_END), 0);
  long size = ftell(file);
  char *text = test_alloc((size_t)size + 1);
  rewind(file);
  assert_int_equal(fread(text, 1, (size_t)size, file), size);
  fclose(file);
  return text;
}

static const json *read_trace(void) {
  const json *events = json_parse(content(file_name()));
  assert_int_equal(events->kind, JSON_ARRAY);
  return events;
}

static const json *end(void) {
  assert_ok(eager_shutdown());
  const json *events = read_trace();
  program_folder_remove();
  return events;
}

static bool is_span(const json *event, const char *category, const char *name) {
  return json_member(event, "cat") != NULL &&
         (category == NULL || strcmp(json_text(event, "cat"), category) == 0) &&
         (name == NULL || strcmp(json_text(event, "name"), name) == 0);
}

static int count(const json *events, const char *category, const char *name) {
  int found = 0;
  for (const json *each = events->first; each != NULL; each = each->next)
    found += is_span(each, category, name);
  return found;
}

/* The only one. */
static const json *find(const json *events, const char *category, const char *name) {
  const json *found = NULL;
  for (const json *each = events->first; each != NULL; each = each->next) {
    if (!is_span(each, category, name)) continue;
    if (found != NULL) fail_msg("%s is there twice", name);
    found = each;
  }
  if (found == NULL) fail_msg("there is no %s", name);
  return found;
}

static const json *arguments(const json *event) {
  return json_member(event, "args");
}

/* The spans `name` of `category` that moved so many bytes. */
static int moved(const json *events, const char *category, const char *name, double bytes) {
  int found = 0;
  for (const json *each = events->first; each != NULL; each = each->next)
    found +=
        is_span(each, category, name) && json_number(arguments(each), "bytes") == bytes;
  return found;
}

static const char *joined(const json *list) {
  const char *text = "";
  if (list == NULL) return text;
  for (const json *each = list->first; each != NULL; each = each->next)
    text = test_text("%s%s%s", text, *text ? " " : "", each->text);
  return text;
}

static void expect_op(const json *events, const char *name, const char *inputs,
                      const char *outputs) {
  const json *given = arguments(find(events, "op", name));
  assert_string_equal(joined(json_member(given, "inputs")), inputs);
  assert_string_equal(joined(json_member(given, "outputs")), outputs);
  assert_string_equal(json_text(given, "device"), test_device());
  assert_true(json_number(given, "op") > 0);
  assert_null(json_member(given, "status"));
}

/* --- Rules for every trace --- */

enum { MOST_TRACKS = 64 };

typedef struct track {
  double id, open[64]; /* ends of the spans that are open, outer first */
  int depth;
} track;

static bool is_queue(const json *event) {
  return json_number(event, "tid") > 1000000;
}

/* Of those that begin together the outer one is first; on a queue the one that takes no
 * time, behind which the other begins. */
static int by_begin(const void *a, const void *b) {
  const json *x = *(const json *const *)a, *y = *(const json *const *)b;
  double difference = json_number(x, "ts") - json_number(y, "ts");
  if (difference == 0) difference = json_number(x, "tid") - json_number(y, "tid");
  if (difference == 0)
    difference = (json_number(x, "dur") - json_number(y, "dur")) * (is_queue(x) ? 1 : -1);
  return (difference > 0) - (difference < 0);
}

static track *track_of(track *tracks, const json *event) {
  double id = json_number(event, "tid");
  int i = 0;
  while (i < MOST_TRACKS - 1 && tracks[i].id != 0 && tracks[i].id != id) i++;
  tracks[i].id = id;
  return &tracks[i];
}

/* Spans of a track lie within each other or side by side; a queue's side by side. */
static void check_nesting(track *tracks, const json *event) {
  const double tiny = 1e-4; /* us: times have three decimals, in a double */
  track *its = track_of(tracks, event);
  double begins = json_number(event, "ts"), ends = begins + json_number(event, "dur");
  while (its->depth > 0 && its->open[its->depth - 1] <= begins + tiny) its->depth--;
  if (its->depth > 0 && is_queue(event)) fail_msg("commands overlap on %g", its->id);
  if (its->depth > 0 && ends > its->open[its->depth - 1] + tiny)
    fail_msg("%s leaves the span it began in", json_text(event, "name"));
  assert_true(its->depth < 64);
  its->open[its->depth++] = ends;
}

static const json **sorted_spans(const json *events, int *out_count) {
  const json **spans = test_alloc((size_t)events->count * sizeof *spans);
  int found = 0;
  for (const json *each = events->first; each != NULL; each = each->next)
    if (is_span(each, NULL, NULL)) spans[found++] = each;
  qsort(spans, (size_t)found, sizeof *spans, by_begin);
  *out_count = found;
  return spans;
}

/* queued <= submitted <= started <= ended, and not before the call that the arrow is from.
 */
static void check_command(const json *event, const json *const *calls) {
  const json *given = arguments(event);
  double queued = json_number(given, "queued"), submitted = json_number(given, "submit");
  assert_true(queued <= submitted);
  assert_true(submitted <= json_number(event, "ts"));
  assert_true(json_number(event, "dur") >= 0);
  const json *number = json_member(given, "op");
  bool is_read = is_span(event, "move", "read") || is_span(event, "move", "map") ||
                 is_span(event, "move", "unmap");
  if (number == NULL && !is_read) fail_msg("%s is of no op", json_text(event, "name"));
  if (number == NULL) return;
  const json *call = calls[(int)number->number];
  if (call == NULL) fail_msg("a command of op %g, which is not there", number->number);
  assert_true(queued >= json_number(call, "ts"));
  assert_string_equal(json_text(event, "bind_id"), json_text(call, "bind_id"));
  assert_true(json_member(event, "flow_in")->truth);
  assert_true(json_member(call, "flow_out")->truth);
}

static void check_rules(const json *events) {
  int found, most = 0;
  const json **spans = sorted_spans(events, &found);
  for (int i = 0; i < found; i++) {
    const json *number = json_member(arguments(spans[i]), "op");
    if (number != NULL && number->number > most) most = (int)number->number;
  }
  const json **calls = test_alloc((size_t)(most + 1) * sizeof *calls);
  for (int i = 0; i < found; i++) {
    if (json_member(spans[i], "flow_out") == NULL) continue;
    int number = (int)json_number(arguments(spans[i]), "op");
    if (calls[number] != NULL) fail_msg("two calls have the number %d", number);
    calls[number] = spans[i];
  }
  track *tracks = test_alloc(MOST_TRACKS * sizeof *tracks);
  for (int i = 0; i < found; i++) {
    check_nesting(tracks, spans[i]);
    if (is_span(spans[i], "kernel", NULL) || is_span(spans[i], "move", NULL))
      check_command(spans[i], calls);
  }
}

/* Whether every command has the device's own times. */
static bool has_times(const json *events) {
  for (const json *each = events->first; each != NULL; each = each->next)
    if (json_member(arguments(each), "times") != NULL) return false;
  return true;
}

/* --- Ops --- */

static void release(eager_tensor **tensors, int number) {
  for (int i = 0; i < number; i++) eager_tensor_release(tensors[i]);
}

enum { MANY = 60 };

static void every_op_is_there_once(eager_execution_mode mode) {
  begin(mode);
  eager_tensor *a =
      test_tensor(EAGER_FLOAT32, (test_shape){2, {2, 3}}, (double[]){1, 2, 3, 4, 5, 6});
  eager_tensor *b = placing_tensor(test_device(), EAGER_FLOAT32, 3), *out[8], *many[MANY];
  assert_ok(eager_add(a, b, &out[0]));
  assert_ok(eager_matmul(a, false, a, true, &out[1]));
  assert_ok(eager_reduce_sum(a, (int64_t[]){1}, 1, false, &out[2]));
  assert_ok(eager_reshape(a, 1, (int64_t[]){6}, &out[3])); /* a view: no command */
  assert_ok(eager_einsum("ij,kj->ik", (eager_tensor *[]){a, a}, 2, &out[4])); /* of ops */
  for (int i = 0; i < MANY; i++) many[i] = b;
  assert_ok(eager_concat(many, MANY, 0, &out[5]));
  out[6] = placing_good_gather(test_device());
  assert_ok(eager_tensor_zeros(EAGER_BOOL, 0, NULL, &out[7]));
  test_expect(out[0], EAGER_FLOAT32, (test_shape){2, {2, 3}}, (double[]){2, 4, 6, 5, 7, 9},
              TEST_EXACT, NULL);
  test_expect(out[4], EAGER_FLOAT32, (test_shape){2, {2, 2}}, (double[]){14, 32, 32, 77},
              TEST_EXACT, NULL);
  release(out, 8);
  release((eager_tensor *[]){a, b}, 2);
  const json *events = end();
  check_rules(events);
  expect_op(events, "AddV2", "float32[2,3] float32[3]", "float32[2,3]");
  expect_op(events, "MatMul", "float32[2,3] float32[2,3]", "float32[2,2]");
  expect_op(events, "Sum", "float32[2,3]", "float32[2]");
  expect_op(events, "Reshape", "float32[2,3]", "float32[6]");
  expect_op(events, "Einsum", "float32[2,3] float32[2,3]", "float32[2,2]");
  expect_op(events, "Zeros", "", "bool[]");
  const json *given = arguments(find(events, "op", "ConcatV2"));
  const char *inputs = joined(json_member(given, "inputs"));
  assert_non_null(strstr(inputs, "float32[3] float32[3] "));
  assert_non_null(strstr(inputs, " more")); /* sixty have no room */
  assert_int_equal(count(events, "op", NULL), 8);
  assert_true(count(events, "inner", NULL) >= 1); /* Einsum's */
  assert_true(count(events, "kernel", NULL) >= 6);
  assert_int_equal(count(events, "move", "fill"), 1);
}

static void ops_in_sync(void **state) {
  (void)state;
  every_op_is_there_once(EAGER_SYNC);
}

static void ops_in_async(void **state) {
  (void)state;
  every_op_is_there_once(EAGER_ASYNC);
}

/* rusticl 22.3 tells zeros: that is logged, and its commands are there all the same. */
static void times_are_the_devices_or_it_is_said(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  eager_tensor *a = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  eager_tensor_release(placing_sum(test_device(), a, a));
  eager_tensor_release(a);
  int notes = test_log_count("the trace has no device times of ");
  const json *events = end();
  assert_int_equal(has_times(events), notes == 0);
  assert_true(count(events, "kernel", "AddV2") == 1);
  const json *kernel = find(events, "kernel", "AddV2");
  assert_true(json_number(kernel, "dur") > 0);
  assert_non_null(json_text(arguments(kernel), "global"));
  assert_non_null(json_text(arguments(kernel), "local"));
}

/* Its commands are there all the same, at the host's times. */
static void a_queue_that_cannot_profile_is_traced(void **state) {
  (void)state;
  const eager_layer *layer = test_layer();
  begin(EAGER_SYNC);
  layer->refuse("clCreateCommandQueue", 1, CL_INVALID_QUEUE_PROPERTIES);
  eager_tensor *a = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  eager_tensor_release(placing_sum(test_device(), a, a));
  eager_tensor_release(a);
  assert_int_equal(layer->failed(), 1);
  assert_int_equal(test_log_count("profiling has no effect on "), 1);
  const json *events = end();
  check_rules(events);
  const json *kernel = find(events, "kernel", "AddV2");
  assert_string_equal(json_text(arguments(kernel), "times"), "the host's");
  assert_int_equal(moved(events, "move", "upload", 12), 1);
}

/* More ops than a ring has room for, and more than one mark. */
static void nothing_is_lost(eager_execution_mode mode) {
  int number = test_is_slow() ? 100 : 12000;
  begin(mode);
  eager_tensor *a = placing_tensor(test_device(), EAGER_FLOAT32, 3), *out;
  for (int i = 0; i < number; i++) {
    assert_ok(eager_add(a, a, &out));
    eager_tensor_release(out);
  }
  eager_tensor_release(a);
  const json *events = end();
  check_rules(events);
  assert_int_equal(count(events, "op", "AddV2"), number);
  assert_int_equal(count(events, "kernel", "AddV2"), number);
}

static void nothing_is_lost_in_sync(void **state) {
  (void)state;
  nothing_is_lost(EAGER_SYNC);
}

static void nothing_is_lost_in_async(void **state) {
  (void)state;
  nothing_is_lost(EAGER_ASYNC);
}

enum { THREADS = 4, EACH = 50 };

static const char *add_often(int i, void *argument) {
  (void)i;
  eager_tensor *a = argument, *out;
  for (int k = 0; k < EACH; k++) {
    const char *failure = test_failure(eager_multiply(a, a, &out));
    if (failure != NULL) return failure;
    eager_tensor_release(out);
  }
  return NULL;
}

static void every_thread_has_its_track(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  eager_tensor *a = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  test_threads(THREADS, add_often, a);
  eager_tensor_release(a);
  const json *events = end();
  check_rules(events);
  assert_int_equal(count(events, "op", "Mul"), THREADS * EACH);
  int tracks[MOST_TRACKS] = {0}, used = 0;
  for (const json *each = events->first; each != NULL; each = each->next)
    if (is_span(each, "op", "Mul")) tracks[(int)json_number(each, "tid")]++;
  for (int i = 0; i < MOST_TRACKS; i++) used += tracks[i] == EACH;
  assert_int_equal(used, THREADS);
}

/* --- Copies and waits --- */

enum { LARGE = 40000 }; /* float32: beyond what goes through the staging ring */

static void values_tell_their_bytes(eager_execution_mode mode) {
  begin(mode);
  float *values = test_alloc(LARGE * sizeof *values), back[3];
  eager_tensor *small, *large;
  const int64_t three = 3, many = LARGE;
  const void *view;
  assert_ok(eager_tensor_from_host(EAGER_FLOAT32, 1, &three, values, &small));
  assert_ok(eager_tensor_from_host(EAGER_FLOAT32, 1, &many, values, &large));
  assert_ok(eager_tensor_to_host(small, back, sizeof back));
  assert_ok(eager_tensor_to_host(large, values, LARGE * sizeof *values));
  assert_ok(eager_tensor_map(large, &view));
  assert_ok(eager_tensor_unmap(large));
  assert_ok(eager_synchronize(NULL));
  release((eager_tensor *[]){small, large}, 2);
  const json *events = end();
  check_rules(events);
  assert_int_equal(moved(events, "copy", "FromHost", 12), 1);
  assert_int_equal(moved(events, "copy", "FromHost", 4 * LARGE), 1);
  assert_int_equal(moved(events, "copy", "ToHost", 12), 1);
  assert_int_equal(moved(events, "copy", "ToHost", 4 * LARGE), 1);
  assert_int_equal(moved(events, "copy", "Map", 4 * LARGE), 1);
  assert_int_equal(moved(events, "move", "upload", 12), 1);
  assert_int_equal(moved(events, "move", "write", 4 * LARGE), 1);
  assert_int_equal(moved(events, "move", "read", 12), 1);
  assert_int_equal(moved(events, "move", "read", 4 * LARGE), 1);
  assert_int_equal(moved(events, "move", "map", 4 * LARGE), 1);
  assert_int_equal(count(events, "move", "unmap"), 1);
  assert_true(count(events, "wait", "Synchronize") >= 1);
}

static void values_in_sync(void **state) {
  (void)state;
  values_tell_their_bytes(EAGER_SYNC);
}

static void values_in_async(void **state) {
  (void)state;
  values_tell_their_bytes(EAGER_ASYNC);
}

/* A mirror that an op asked for, and a copy by name; to a device of the same context the
 * driver copies, to another one the bytes are read and written. In ASYNC the source is held
 * back, so that copies and op are deferred. */
static void copies_cross(const char *there, bool one_context, eager_execution_mode mode) {
  begin(mode);
  placing_gate gate = {0};
  if (mode == EAGER_ASYNC) gate = placing_gate_new(test_device(), 3);
  eager_tensor *a = gate.tensor, *copy;
  if (mode == EAGER_SYNC) a = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  eager_tensor *sum = placing_sum(there, a, a);
  eager_status status = eager_tensor_copy_to_device(a, there, &copy);
  if (mode == EAGER_ASYNC) placing_gate_open(&gate, CL_COMPLETE);
  assert_ok(status);
  placing_expect(sum, 3, (double[]){2, 4, 6});
  placing_expect(copy, 3, (double[]){1, 2, 3});
  release((eager_tensor *[]){a, copy, sum}, 3);
  const json *events = end();
  check_rules(events);
  assert_int_equal(moved(events, "copy", "Copy", 12), 2);
  assert_int_equal(moved(events, "copy", "CopyToDevice", 12), 1);
  for (const json *each = events->first; each != NULL; each = each->next) {
    if (!is_span(each, "copy", "Copy") && !is_span(each, "copy", "CopyToDevice")) continue;
    assert_string_equal(json_text(arguments(each), "from"), test_device());
    assert_string_equal(json_text(arguments(each), "to"), there);
  }
  if (one_context)
    assert_int_equal(moved(events, "move", "copy", 12), 2);
  else
    assert_int_equal(moved(events, "move", "write", 12), 2);
  assert_int_equal(count(events, "task", "AddV2"), mode == EAGER_ASYNC);
}

static void copies_within_a_context(void **state) {
  (void)state;
  copies_cross(test_device_same_context(), true, EAGER_SYNC);
}

static void deferred_copies_within_a_context(void **state) {
  (void)state;
  copies_cross(test_device_same_context(), true, EAGER_ASYNC);
}

static void copies_to_another_context(void **state) {
  (void)state;
  copies_cross(test_device_other_context(), false, EAGER_SYNC);
}

static void deferred_copies_to_another_context(void **state) {
  (void)state;
  copies_cross(test_device_other_context(), false, EAGER_ASYNC);
}

/* Its span holds the second attempt too, which comes when there was no room. */
static void a_copy_that_finds_no_room_is_one_span(void **state) {
  (void)state;
  const char *there = test_device_other_context();
  const eager_layer *layer = test_layer();
  begin(EAGER_SYNC);
  eager_tensor *a = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  eager_tensor_release(placing_tensor(there, EAGER_FLOAT32, 4)); /* opens it */
  layer->refuse("clEnqueueReadBuffer", 1, CL_MEM_OBJECT_ALLOCATION_FAILURE);
  eager_tensor *copy;
  assert_ok(eager_tensor_copy_to_device(a, there, &copy));
  assert_int_equal(layer->failed(), 1);
  placing_expect(copy, 3, (double[]){1, 2, 3});
  release((eager_tensor *[]){a, copy}, 2);
  const json *events = end();
  check_rules(events);
  const json *span = find(events, "copy", "Copy"), *write = find(events, "move", "write");
  assert_true(json_number(arguments(write), "queued") <=
              json_number(span, "ts") + json_number(span, "dur"));
}

/* --- Failures --- */

static void refused_ops_are_there(void **state) {
  (void)state;
  begin(EAGER_SYNC);
  eager_tensor *a = placing_tensor(test_device(), EAGER_FLOAT32, 3), *out;
  eager_tensor *b = placing_tensor(test_device(), EAGER_FLOAT32, 2);
  assert_int_equal(eager_add(a, b, &out), EAGER_INVALID_ARGUMENT);
  assert_int_equal(eager_add(a, NULL, &out), EAGER_INVALID_ARGUMENT);
  release((eager_tensor *[]){a, b}, 2);
  const json *events = end();
  check_rules(events);
  assert_int_equal(count(events, "op", "AddV2"), 2);
  for (const json *each = events->first; each != NULL; each = each->next)
    if (is_span(each, "op", "AddV2"))
      assert_string_equal(json_text(arguments(each), "status"), "INVALID_ARGUMENT");
  assert_int_equal(count(events, "kernel", NULL), 0);
}

static void ops_that_fail_on_the_device_are_there(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  eager_tensor *bad = placing_bad_gather(test_device());
  eager_tensor *a = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  eager_tensor *sum = placing_sum(test_device(), bad, a);
  assert_int_equal(eager_tensor_wait(sum), EAGER_INVALID_ARGUMENT);
  assert_int_equal(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT);
  release((eager_tensor *[]){a, bad, sum}, 3);
  const json *events = end();
  check_rules(events);
  expect_op(events, "AddV2", "float32[3] float32[3]", "float32[3]");
  assert_int_equal(count(events, "op", "GatherV2"), 1);
}

/* Each reads its cell back; the one behind a failed one, in the same cell, cleans it. */
static void checks_of_ops_are_there(eager_execution_mode mode) {
  begin(EAGER_ASYNC);
  eager_tensor *bad = placing_bad_gather(test_device());
  assert_int_equal(eager_tensor_wait(bad), EAGER_INVALID_ARGUMENT);
  assert_int_equal(eager_synchronize(NULL), EAGER_INVALID_ARGUMENT);
  assert_ok(eager_set_thread_execution_mode(mode));
  eager_tensor *good = placing_good_gather(test_device());
  assert_ok(eager_tensor_wait(good));
  release((eager_tensor *[]){bad, good}, 2);
  const json *events = end();
  check_rules(events);
  assert_int_equal(count(events, "op", "GatherV2"), 2);
  assert_int_equal(moved(events, "move", "check", 4), 2);
  assert_int_equal(moved(events, "move", "fill", 4), 1);
}

static void checks_in_sync(void **state) {
  (void)state;
  checks_of_ops_are_there(EAGER_SYNC);
}

static void checks_in_async(void **state) {
  (void)state;
  checks_of_ops_are_there(EAGER_ASYNC);
}

/* --- The file --- */

static void a_flushed_file_is_whole(void **state) {
  (void)state;
  begin(EAGER_ASYNC);
  assert_ok(eager_trace_flush());
  read_trace();
  eager_tensor *a = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  for (int i = 1; i <= 3; i++) {
    eager_tensor_release(placing_sum(test_device(), a, a));
    assert_ok(eager_synchronize(NULL));
    assert_ok(eager_trace_flush());
    const json *events = read_trace();
    assert_int_equal(count(events, "op", "AddV2"), i);
    assert_int_equal(count(events, "kernel", "AddV2"), i);
  }
  eager_tensor_release(a);
  check_rules(end());
}

static void without_the_variable_nothing_is_traced(void **state) {
  (void)state;
  assert_fails(eager_trace_flush(), EAGER_FAILED_PRECONDITION,
               "eager execution is not enabled: call eager_enable_execution() at program "
               "start");
  assert_int_equal(unsetenv(variable), 0);
  test_enable();
  assert_ok(eager_trace_flush());
  assert_int_equal(eager__trace_begin(), 0);
}

static void a_full_disk_is_told(void **state) {
  (void)state;
  if (access("/dev/full", W_OK) != 0) test_skip("no /dev/full here");
  assert_int_equal(setenv(variable, "/dev/full", 1), 0);
  assert_fails(test_enable_with((eager_config){0}, EAGER_DEVICE_PLACEMENT_AUTO,
                                EAGER_EXECUTION_AUTO),
               EAGER_RESOURCE_EXHAUSTED,
               "cannot write /dev/full: No space left on device (in environment variable "
               "EAGERCL_TRACE)");
  begin(EAGER_SYNC); /* another file has room */
  assert_ok(eager_trace_flush());
  end();
}

static void a_file_that_cannot_grow_is_told(void **state) {
  (void)state;
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  assert_true(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
  assert_int_equal(setenv(variable, test_text("/dev/fd/%d", ends[1]), 1), 0);
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  close(ends[0]);
  eager_tensor *a = placing_tensor(test_device(), EAGER_FLOAT32, 3);
  eager_tensor *sum = placing_sum(test_device(), a, a);
  assert_fails_like(eager_trace_flush(), EAGER_UNKNOWN, "Broken pipe");
  assert_non_null(strstr(eager_error_message(), " events of the trace are lost"));
  assert_null(strstr(eager_error_message(), " 0 events"));
  placing_expect(sum, 3, (double[]){2, 4, 6});
  release((eager_tensor *[]){a, sum}, 2);
  assert_ok(eager_shutdown());
  assert_int_equal(test_log_count(" events of the trace are lost"), 1);
  close(ends[1]);
}

/* --- Other processes --- */

/* Prints what a few ops computed, bit for bit; without a shutdown when so told. */
static int compute(bool shut_down) {
  test_enable();
  const double values[] = {0.1, -7, 3e30, 1e-30, 0.7, 5};
  eager_tensor *x = test_tensor(EAGER_FLOAT32, (test_shape){2, {3, 2}}, values), *out[4];
  float result[13];
  if (eager_set_thread_execution_mode(EAGER_ASYNC) != EAGER_OK ||
      eager_matmul(x, true, x, false, &out[0]) != EAGER_OK ||
      eager_softmax(x, -1, &out[1]) != EAGER_OK ||
      eager_reduce_sum(x, (int64_t[]){0}, 1, false, &out[2]) != EAGER_OK ||
      eager_exp(out[2], &out[3]) != EAGER_OK ||
      eager_tensor_to_host(out[0], result, 16) != EAGER_OK ||
      eager_tensor_to_host(out[1], result + 4, 24) != EAGER_OK ||
      eager_tensor_to_host(out[3], result + 10, 8) != EAGER_OK)
    return 1;
  for (int i = 0; i < 12; i++) printf("%a\n", (double)result[i]);
  if (!shut_down) exit(0);
  release(out, 4);
  eager_tensor_release(x);
  return eager_shutdown() == EAGER_OK ? 0 : 1;
}

static program_result run_self(const char *what) {
  program_result r =
      program_run(60, (const char *const[]){"tests/test_runtime_trace", what, NULL});
  if (r.status != 0) fail_msg("status %d: %s", r.status, r.err);
  return r;
}

static void results_are_the_same_bits(void **state) {
  (void)state;
  program_folder_make();
  assert_int_equal(unsetenv(variable), 0);
  program_result plain = run_self("compute");
  assert_int_equal(setenv(variable, file_name(), 1), 0);
  program_result traced = run_self("compute");
  assert_string_equal(traced.out, plain.out);
  assert_true(strlen(plain.out) > 24);
  assert_int_equal(count(read_trace(), "op", NULL), 4);
  program_folder_remove();
}

static void a_plain_exit_leaves_a_whole_file(void **state) {
  (void)state;
  program_folder_make();
  assert_int_equal(setenv(variable, file_name(), 1), 0);
  run_self("exit");
  const json *events = read_trace();
  check_rules(events);
  assert_int_equal(count(events, "op", NULL), 4);
  program_folder_remove();
}

static void a_name_may_hold_the_number_of_the_process(void **state) {
  (void)state;
  program_folder_make();
  assert_int_equal(setenv(variable, program_path("a%p-%p.json"), 1), 0);
  test_enable();
  assert_ok(eager_shutdown());
  long number = (long)getpid();
  json_parse(content(program_path(test_text("a%ld-%ld.json", number, number))));
  assert_int_equal(program_file_count(), 1);
  program_folder_remove();
}

int main(int argc, char **argv) {
  if (argc > 1) return compute(strcmp(argv[1], "compute") == 0);
  test_layer_load();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ops_in_sync),
      cmocka_unit_test(ops_in_async),
      cmocka_unit_test(times_are_the_devices_or_it_is_said),
      cmocka_unit_test(a_queue_that_cannot_profile_is_traced),
      cmocka_unit_test(nothing_is_lost_in_sync),
      cmocka_unit_test(nothing_is_lost_in_async),
      cmocka_unit_test(every_thread_has_its_track),
      cmocka_unit_test(values_in_sync),
      cmocka_unit_test(values_in_async),
      cmocka_unit_test(copies_within_a_context),
      cmocka_unit_test(deferred_copies_within_a_context),
      cmocka_unit_test(copies_to_another_context),
      cmocka_unit_test(deferred_copies_to_another_context),
      cmocka_unit_test(a_copy_that_finds_no_room_is_one_span),
      cmocka_unit_test(refused_ops_are_there),
      cmocka_unit_test(ops_that_fail_on_the_device_are_there),
      cmocka_unit_test(checks_in_sync),
      cmocka_unit_test(checks_in_async),
      cmocka_unit_test(a_flushed_file_is_whole),
      cmocka_unit_test(without_the_variable_nothing_is_traced),
      cmocka_unit_test(a_full_disk_is_told),
      cmocka_unit_test(a_file_that_cannot_grow_is_told),
      cmocka_unit_test(results_are_the_same_bits),
      cmocka_unit_test(a_plain_exit_leaves_a_whole_file),
      cmocka_unit_test(a_name_may_hold_the_number_of_the_process),
  };
  return test_main_each("runtime/trace", tests, sizeof tests / sizeof *tests);
}
