/* ctest: devices=all */
/* api.md, "getters on NULL give 0, -1 or \"\"", what handles tell, and semantics.md section
 * 6, how calls fail. */
#include <limits.h>

#include "test_values.h"

static int enable(void **state) {
  (void)state;
  test_enable();
  return 0;
}

/* --- On nothing. --- */

static void getters_on_null_answer(void **state) {
  (void)state;
  assert_int_equal(eager_tensor_dtype(NULL), EAGER_DTYPE_INVALID);
  assert_int_equal(eager_tensor_rank(NULL), -1);
  assert_int_equal(eager_tensor_dim(NULL, 0), -1);
  assert_null(eager_tensor_dims(NULL));
  assert_int_equal(eager_tensor_num_elements(NULL), -1);
  assert_int_equal(eager_tensor_byte_size(NULL), 0);
  assert_string_equal(eager_tensor_device(NULL), "");
  assert_int_equal(eager_tensor_poll(NULL), EAGER_FAILED);
  eager_tensor_retain(NULL);
  eager_tensor_release(NULL);
  eager_op_release(NULL);
  eager_free(NULL);
}

static void getters_beyond_the_count_answer(void **state) {
  (void)state;
  assert_string_equal(eager_op_name(eager_op_count()), "");
  assert_string_equal(eager_op_name(SIZE_MAX), "");
  assert_string_equal(eager_skipped_reason(eager_skipped_count()), "");
  assert_string_equal(eager_skipped_reason(SIZE_MAX), "");
  eager_copy_record record;
  memset(&record, 1, sizeof record);
  assert_int_equal(eager_copy_record_get(eager_copy_record_count(), &record),
                   EAGER_INVALID_ARGUMENT);
  assert_null(record.op);
  const eager_device_info *info = (const eager_device_info *)&record;
  assert_int_equal(eager_physical_device_get(eager_physical_device_count(), &info),
                   EAGER_INVALID_ARGUMENT);
  assert_null(info);
  info = (const eager_device_info *)&record;
  assert_int_equal(eager_device_get(eager_device_count(), &info), EAGER_INVALID_ARGUMENT);
  assert_null(info);
  assert_false(eager_op_is_supported("NoSuchOp", EAGER_FLOAT32, NULL));
  assert_false(eager_op_is_supported(NULL, EAGER_FLOAT32, NULL));
}

static void the_version_is_the_headers(void **state) {
  (void)state;
  char text[32];
  snprintf(text, sizeof text, "%d.%d.%d", EAGER_VERSION_MAJOR, EAGER_VERSION_MINOR,
           EAGER_VERSION_PATCH);
  assert_string_equal(eager_version(), text);
}

static void statuses_have_names(void **state) {
  (void)state;
  assert_string_equal(eager_status_name(EAGER_OK), "OK");
  assert_string_equal(eager_status_name(EAGER_INVALID_ARGUMENT), "INVALID_ARGUMENT");
  assert_string_equal(eager_status_name(EAGER_DATA_LOSS), "DATA_LOSS");
  assert_string_equal(eager_status_name((eager_status)16), "UNKNOWN");
  assert_string_equal(eager_status_name((eager_status)-1), "UNKNOWN");
}

/* --- On tensors. --- */

static void ranks_zero_to_eight_tell_their_dims(void **state) {
  (void)state;
  static const int64_t dims[8] = {2, 1, 3, 1, 1, 2, 1, 2};
  for (int d = 0; d < TEST_DTYPES; d++)
    for (int rank = 0; rank <= 8; rank++) {
      eager_tensor *t = NULL;
      int64_t elements = 1;
      assert_ok(eager_tensor_zeros(test_dtypes[d], rank, dims, &t));
      assert_int_equal(eager_tensor_dtype(t), test_dtypes[d]);
      assert_int_equal(eager_tensor_rank(t), rank);
      for (int axis = 0; axis < rank; axis++) {
        assert_int_equal(eager_tensor_dim(t, axis), dims[axis]);
        assert_int_equal(eager_tensor_dim(t, axis - rank), dims[axis]);
        assert_int_equal(eager_tensor_dims(t)[axis], dims[axis]);
        elements *= dims[axis];
      }
      assert_int_equal(eager_tensor_dim(t, rank), -1);
      assert_int_equal(eager_tensor_dim(t, -rank - 1), -1);
      assert_int_equal(eager_tensor_dim(t, INT_MIN), -1);
      assert_int_equal(eager_tensor_dim(t, INT_MAX), -1);
      assert_int_equal(eager_tensor_num_elements(t), elements);
      assert_int_equal(eager_tensor_byte_size(t),
                       elements * (int64_t)eager_dtype_size(test_dtypes[d]));
      assert_string_equal(eager_tensor_device(t), test_device_info()->name);
      assert_int_equal(eager_tensor_poll(t), EAGER_READY); /* SYNC */
      assert_ok(eager_tensor_wait(t));
      assert_ok(eager_tensor_wait_for(t, 0));
      eager_tensor_release(t);
    }
}

static void zero_sizes_are_allowed_everywhere(void **state) {
  (void)state;
  static const int64_t dims[] = {3, 0, 5};
  for (int d = 0; d < TEST_DTYPES; d++) {
    eager_tensor *t = NULL, *made = NULL, *copy = NULL;
    const void *view = NULL;
    assert_ok(eager_tensor_from_host(test_dtypes[d], 3, dims, NULL, &t));
    assert_int_equal(eager_tensor_num_elements(t), 0);
    assert_int_equal(eager_tensor_byte_size(t), 0);
    assert_int_equal(eager_tensor_dim(t, 2), 5);
    assert_ok(eager_tensor_to_host(t, NULL, 0));
    assert_ok(eager_tensor_map(t, &view));
    assert_non_null(view);
    assert_ok(eager_tensor_unmap(t));
    assert_ok(eager_tensor_zeros(test_dtypes[d], 2, dims, &made));
    assert_ok(eager_tensor_copy_to_device(made, NULL, &copy));
    assert_int_equal(eager_tensor_poll(copy), EAGER_READY);
    eager_tensor_release(t);
    eager_tensor_release(made);
    eager_tensor_release(copy);
  }
}

static void devices_tell_their_facts(void **state) {
  (void)state;
  const eager_device_info *own = test_device_info(), *info = NULL;
  assert_ok(eager_device_get(0, &info));
  assert_string_equal(info->name, own->name);
  assert_string_equal(info->stable_id, own->stable_id);
  assert_true(info->global_memory > 0 && info->max_allocation > 0);
  assert_true(info->compute_units > 0 && info->max_work_group_size > 0);
  assert_false(info->is_lost);
  assert_true(strstr(info->device_version, "OpenCL ") == info->device_version);
  assert_non_null(info->aliases);
}

/* --- Bad arguments: the code, the text, and NULL for the output. --- */

typedef struct bad_tensor {
  eager_dtype dtype;
  int rank;
  const int64_t *dims;
  const char *text;
} bad_tensor;

static void bad_shapes_and_dtypes_are_refused(void **state) {
  (void)state;
  static const int64_t fine[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1}, negative[] = {2, -1};
  static const int64_t huge[] = {INT64_MAX, 2};
  const bad_tensor rows[] = {
      {EAGER_FLOAT32, 9, fine, "rank must be from 0 to 8, got 9"},
      {EAGER_FLOAT32, -1, fine, "rank must be from 0 to 8, got -1"},
      {EAGER_FLOAT32, 1, NULL, "dims must not be NULL for rank 1"},
      {EAGER_FLOAT32, 2, negative, "dims[1] must not be negative, got -1"},
      {EAGER_DTYPE_INVALID, 1, fine, "dtype must be one of enum eager_dtype, got 0"},
      {(eager_dtype)7, 1, fine, "dtype must be one of enum eager_dtype, got 7"},
      {(eager_dtype)-1, 1, fine, "dtype must be one of enum eager_dtype, got -1"},
      {EAGER_INT8, 2, huge,
       "shape [9223372036854775807,2] of dtype int8 is too large: its bytes do not fit "
       "into "
       "63 bits"},
  };
  float data[16] = {0};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const bad_tensor *row = &rows[i];
    eager_tensor *t = (eager_tensor *)data;
    assert_fails(eager_tensor_from_host(row->dtype, row->rank, row->dims, data, &t),
                 EAGER_INVALID_ARGUMENT, row->text);
    assert_null(t);
    t = (eager_tensor *)data;
    assert_fails(eager_tensor_zeros(row->dtype, row->rank, row->dims, &t),
                 EAGER_INVALID_ARGUMENT, row->text);
    assert_null(t);
    t = (eager_tensor *)data;
    assert_fails(
        eager_tensor_adopt_host(row->dtype, row->rank, row->dims, data, 4, NULL, NULL, &t),
        EAGER_INVALID_ARGUMENT, row->text);
    assert_null(t);
  }
}

static void bad_buffers_are_refused(void **state) {
  (void)state;
  const int64_t dims[] = {3};
  float data[4] = {1, 2, 3, 4};
  eager_tensor *t = (eager_tensor *)data, *out = (eager_tensor *)data;
  assert_fails(eager_tensor_from_host(EAGER_FLOAT32, 1, dims, NULL, &t),
               EAGER_INVALID_ARGUMENT, "data is NULL for 12 bytes");
  assert_null(t);
  assert_fails(eager_tensor_from_host(EAGER_FLOAT32, 1, dims, data, NULL),
               EAGER_INVALID_ARGUMENT, "out is NULL");
  assert_fails(
      eager_tensor_adopt_host(EAGER_FLOAT32, 1, dims, data, sizeof data, NULL, NULL, &t),
      EAGER_INVALID_ARGUMENT, "the tensor has 12 bytes but size is 16");
  assert_ok(eager_tensor_from_host(EAGER_FLOAT32, 1, dims, data, &t));
  assert_fails(eager_tensor_to_host(t, data, 16), EAGER_INVALID_ARGUMENT,
               "the tensor has 12 bytes but size is 16");
  assert_fails(eager_tensor_to_host(t, data, 8), EAGER_INVALID_ARGUMENT,
               "the tensor has 12 bytes but size is 8");
  assert_fails(eager_tensor_to_host(t, NULL, 12), EAGER_INVALID_ARGUMENT,
               "data is NULL for 12 bytes");
  assert_true(data[3] == 4);
  assert_fails(eager_tensor_unmap(t), EAGER_FAILED_PRECONDITION,
               "eager_tensor_unmap: the tensor is not mapped");
  assert_fails(eager_tensor_map(t, NULL), EAGER_INVALID_ARGUMENT, "out_data is NULL");
  assert_fails(eager_tensor_format(t, NULL), EAGER_INVALID_ARGUMENT, "out_text is NULL");
  assert_fails(eager_tensor_copy_to_device(t, NULL, NULL), EAGER_INVALID_ARGUMENT,
               "out is NULL");
  eager_tensor_release(t);
  static const char null_tensor[] = "the tensor is NULL";
  assert_fails(eager_tensor_wait(NULL), EAGER_INVALID_ARGUMENT, null_tensor);
  assert_fails(eager_tensor_wait_for(NULL, 0), EAGER_INVALID_ARGUMENT, null_tensor);
  assert_fails(eager_tensor_to_host(NULL, data, 4), EAGER_INVALID_ARGUMENT, null_tensor);
  assert_fails(eager_tensor_unmap(NULL), EAGER_INVALID_ARGUMENT, null_tensor);
  assert_fails(eager_tensor_print(NULL), EAGER_INVALID_ARGUMENT, null_tensor);
  assert_fails(eager_tensor_copy_to_device(NULL, NULL, &out), EAGER_INVALID_ARGUMENT,
               null_tensor);
  assert_null(out);
}

/* Texts made while running an op end in its name. */
static void texts_name_the_op_the_argument_and_the_values(void **state) {
  (void)state;
  const int64_t two[] = {2}, three[] = {3};
  eager_tensor *a = NULL, *b = NULL, *out = (eager_tensor *)&a;
  assert_ok(eager_tensor_zeros(EAGER_FLOAT32, 1, two, &a));
  assert_ok(eager_tensor_zeros(EAGER_FLOAT32, 1, three, &b));
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    assert_ok(eager_set_thread_execution_mode((eager_execution_mode)mode));
    assert_fails(eager_add(a, b, &out), EAGER_INVALID_ARGUMENT,
                 "Incompatible shapes: [2] vs. [3] [Op:AddV2]");
    assert_null(out);
    assert_fails(eager_add(a, NULL, &out), EAGER_INVALID_ARGUMENT,
                 "input #1(zero-based) of AddV2, `y`, is NULL [Op:AddV2]");
    assert_null(out);
    assert_int_equal(eager_error_cl_code(), 0);
  }
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
  eager_tensor_release(a);
  eager_tensor_release(b);
}

/* --- eager_error_message() is this thread's last failure. --- */

static const char *fail_in_a_thread(int i, void *argument) {
  (void)argument;
  if (eager_error_message()[0] != '\0') return "a new thread has a message";
  char text[64];
  snprintf(text, sizeof text, "rank must be from 0 to 8, got %d", 10 + i);
  for (int k = 0; k < 100; k++) {
    eager_tensor *t = NULL;
    if (eager_tensor_zeros(EAGER_FLOAT32, 10 + i, NULL, &t) != EAGER_INVALID_ARGUMENT)
      return "not refused";
    if (strcmp(eager_error_message(), text) != 0) return "another thread's message";
  }
  return NULL;
}

static void the_message_belongs_to_the_thread(void **state) {
  (void)state;
  assert_int_equal(eager_pop_device(), EAGER_FAILED_PRECONDITION);
  test_threads(4, fail_in_a_thread, NULL);
  assert_string_equal(eager_error_message(),
                      "eager_pop_device: no device scope is open in this thread");
}

static void a_success_keeps_the_last_failure(void **state) {
  (void)state;
  eager_tensor *t = NULL;
  assert_int_equal(eager_pop_device(), EAGER_FAILED_PRECONDITION);
  assert_ok(eager_tensor_zeros(EAGER_FLOAT32, 0, NULL, &t));
  eager_tensor_release(t);
  assert_string_equal(eager_error_message(),
                      "eager_pop_device: no device scope is open in this thread");
}

int main(void) {
#define ROW(test) cmocka_unit_test_setup(test, enable)
  const struct CMUnitTest tests[] = {
      ROW(getters_on_null_answer),
      ROW(getters_beyond_the_count_answer),
      ROW(the_version_is_the_headers),
      ROW(statuses_have_names),
      ROW(ranks_zero_to_eight_tell_their_dims),
      ROW(zero_sizes_are_allowed_everywhere),
      ROW(devices_tell_their_facts),
      ROW(bad_shapes_and_dtypes_are_refused),
      ROW(bad_buffers_are_refused),
      ROW(texts_name_the_op_the_argument_and_the_values),
      ROW(the_message_belongs_to_the_thread),
      ROW(a_success_keeps_the_last_failure),
  };
  return test_main("api/getters", tests, sizeof tests / sizeof *tests);
}
