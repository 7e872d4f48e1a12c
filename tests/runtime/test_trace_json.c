/* Records of a trace as events of the JSON Trace Event Format, to the letter. */
#include "json.h"
#include "runtime/trace_json.h"
#include "test_values.h"

enum { HOST = 3, QUEUE = 2000001 }; /* a thread; the compute queue of the second device */

static const char *event(const eager__trace_record *record) {
  char *text = test_alloc(EAGER__TRACE_JSON_MAX + 1);
  size_t size = eager__trace_json(record, 1000, true, text);
  assert_true(size <= EAGER__TRACE_JSON_MAX);
  assert_int_equal(strlen(text), size);
  return text;
}

static void an_op_tells_its_operands(void **state) {
  (void)state;
  eager__trace_record record = {.head = {.kind = EAGER__TRACE_OP,
                                         .track = HOST,
                                         .name = "MatMul",
                                         .to = "GPU:0",
                                         .number = 31,
                                         .begin = 1000 + 12345678,
                                         .end = 1000 + 12347700,
                                         .inputs = 2,
                                         .outputs = 1}};
  const eager__shape a = {2, {64, 3}}, b = {2, {3, 1}}, c = {2, {64, 1}};
  assert_true(eager__trace_add_shape(&record, EAGER_FLOAT32, &a));
  assert_true(eager__trace_add_shape(&record, EAGER_FLOAT32, &b));
  assert_true(eager__trace_add_shape(&record, EAGER_FLOAT32, &c));
  assert_string_equal(
      event(&record),
      "{\"ph\":\"X\",\"pid\":1,\"tid\":3,\"ts\":12345.678,\"dur\":2.022,\"cat\":\"op\","
      "\"name\":\"MatMul\",\"bind_id\":\"0x1f\",\"flow_out\":true,\"args\":{\"op\":31,"
      "\"device\":\"GPU:0\",\"inputs\":[\"float32[64,3]\",\"float32[3,1]\"],"
      "\"outputs\":[\"float32[64,1]\"]}}");
}

static void a_failed_op_tells_its_status_and_what_had_no_room(void **state) {
  (void)state;
  eager__trace_record record = {.head = {.kind = EAGER__TRACE_OP,
                                         .track = HOST,
                                         .name = "AddN",
                                         .status = EAGER_INVALID_ARGUMENT,
                                         .begin = 1000,
                                         .end = 1000,
                                         .more_inputs = 255}};
  assert_string_equal(event(&record),
                      "{\"ph\":\"X\",\"pid\":1,\"tid\":3,\"ts\":0.000,\"dur\":0.000,"
                      "\"cat\":\"op\",\"name\":\"AddN\",\"args\":{\"status\":\"INVALID_"
                      "ARGUMENT\",\"inputs\":[\"and at least 255 more\"]}}");
}

static void a_kernel_tells_its_times_and_grid(void **state) {
  (void)state;
  eager__trace_record record = {.head = {.kind = EAGER__TRACE_KERNEL,
                                         .track = QUEUE,
                                         .timed = true,
                                         .name = "AddV2_walk",
                                         .number = 7,
                                         .queued = 2000,
                                         .submitted = 3001,
                                         .begin = 4000,
                                         .end = 4000000}};
  const uint32_t grid[6] = {64, 2, 0, 32, 1, 0};
  memcpy(record.payload, grid, sizeof grid);
  assert_string_equal(
      event(&record),
      "{\"ph\":\"X\",\"pid\":3,\"tid\":2000001,\"ts\":3.000,\"dur\":3996.000,\"cat\":"
      "\"kernel\",\"name\":\"AddV2_walk\",\"bind_id\":\"0x7\",\"flow_in\":true,\"args\":{"
      "\"op\":7,\"global\":\"64x2\",\"local\":\"32x1\",\"queued\":1.000,\"submit\":2.001}"
      "}");
}

static void a_move_tells_its_bytes_and_whose_clock(void **state) {
  (void)state;
  eager__trace_record record = {.head = {.kind = EAGER__TRACE_MOVE,
                                         .track = QUEUE + 1,
                                         .name = "read",
                                         .queued = 1000,
                                         .submitted = 1000,
                                         .begin = 1000,
                                         .end = 1005,
                                         .size = 4096}};
  assert_string_equal(event(&record),
                      "{\"ph\":\"X\",\"pid\":3,\"tid\":2000002,\"ts\":0.000,\"dur\":0.005,"
                      "\"cat\":\"move\",\"name\":\"read\",\"args\":{\"bytes\":4096,"
                      "\"times\":\"the host's\",\"queued\":0.000,\"submit\":0.000}}");
}

static void a_copy_goes_from_one_device_to_another(void **state) {
  (void)state;
  eager__trace_record record = {.head = {.kind = EAGER__TRACE_COPY,
                                         .track = HOST,
                                         .name = "Copy",
                                         .from = "CPU:0",
                                         .to = "GPU:1",
                                         .begin = 1001,
                                         .end = 1002,
                                         .size = 12}};
  assert_string_equal(event(&record),
                      "{\"ph\":\"X\",\"pid\":1,\"tid\":3,\"ts\":0.001,\"dur\":0.001,"
                      "\"cat\":\"copy\",\"name\":\"Copy\",\"args\":{\"from\":\"CPU:0\","
                      "\"to\":\"GPU:1\",\"bytes\":12}}");
}

static void tracks_are_named(void **state) {
  (void)state;
  eager__trace_record record = {.head = {.kind = EAGER__TRACE_TRACK, .track = HOST}};
  assert_string_equal(event(&record),
                      "{\"ph\":\"M\",\"pid\":1,\"tid\":3,\"name\":\"process_name\","
                      "\"args\":{\"name\":\"host\"}},\n"
                      "{\"ph\":\"M\",\"pid\":1,\"tid\":3,\"name\":\"thread_name\","
                      "\"args\":{\"name\":\"thread 3\"}}");
  record.head.name = "transfers to";
  record.head.to = "GPU:0";
  assert_non_null(strstr(event(&record), "{\"name\":\"host\"}"));
  assert_non_null(strstr(event(&record), "{\"name\":\"transfers to GPU:0\"}"));
  record.head.track = QUEUE;
  record.head.name = "compute";
  assert_non_null(strstr(event(&record), "\"pid\":3"));
  assert_non_null(strstr(event(&record), "{\"name\":\"GPU:0\"}"));
  assert_non_null(strstr(event(&record), "{\"name\":\"compute\"}"));
}

/* Kernels' names are the user's; numbers may be any; the largest record fits. */
static void anything_becomes_json_that_fits(void **state) {
  (void)state;
  char name[600];
  for (size_t i = 0; i < sizeof name - 1; i++) name[i] = (char)(i % 3 ? '"' : i % 255 + 1);
  name[sizeof name - 1] = '\0';
  for (int kind = EAGER__TRACE_TRACK; kind <= EAGER__TRACE_MOVE; kind++)
    for (int round = 0; round < 2; round++) {
      eager__trace_record record = {.head = {.kind = (uint8_t)kind,
                                             .status = EAGER_DATA_LOSS,
                                             .track = round ? QUEUE : HOST,
                                             .name = name,
                                             .from = name,
                                             .to = name,
                                             .number = UINT64_MAX,
                                             .queued = UINT64_MAX,
                                             .submitted = UINT64_MAX,
                                             .end = UINT64_MAX,
                                             .size = UINT64_MAX,
                                             .more_inputs = 255,
                                             .more_outputs = 254}};
      const eager__shape scalar = {0};
      bool is_call = kind == EAGER__TRACE_OP || kind == EAGER__TRACE_INNER ||
                     kind == EAGER__TRACE_VALUE;
      while (is_call && eager__trace_add_shape(&record, EAGER_BFLOAT16, &scalar))
        record.head.inputs++;
      if (!is_call) memset(record.payload, 255, sizeof record.payload);
      char list[EAGER__TRACE_JSON_MAX + 3];
      snprintf(list, sizeof list, "[%s]", event(&record));
      const json *events = json_parse(list);
      assert_int_equal(events->count, kind == EAGER__TRACE_TRACK ? 2 : 1);
    }
}

static void events_are_separated(void **state) {
  (void)state;
  char text[2 * EAGER__TRACE_JSON_MAX + 2] = "[";
  const eager__trace_record record = {
      .head = {.kind = EAGER__TRACE_WAIT, .track = HOST, .name = "Synchronize"}};
  char *p = text + 1;
  for (int i = 0; i < 2; i++) p += eager__trace_json(&record, 0, i == 0, p);
  *p = ']';
  assert_int_equal(json_parse(text)->count, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_op_tells_its_operands),
      cmocka_unit_test(a_failed_op_tells_its_status_and_what_had_no_room),
      cmocka_unit_test(a_kernel_tells_its_times_and_grid),
      cmocka_unit_test(a_move_tells_its_bytes_and_whose_clock),
      cmocka_unit_test(a_copy_goes_from_one_device_to_another),
      cmocka_unit_test(tracks_are_named),
      cmocka_unit_test(anything_becomes_json_that_fits),
      cmocka_unit_test(events_are_separated),
  };
  return test_main("runtime/trace_json", tests, sizeof tests / sizeof *tests);
}
