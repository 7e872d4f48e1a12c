#include "placing.h"

#include "runtime/runtime.h"

const char placing_bad_text[] = "indices[1] is not in [0, 4)";

void placing_begin(eager_device_policy policy, eager_execution_mode mode) {
  test_enable();
  assert_ok(eager_set_thread_device_policy(policy));
  assert_ok(eager_set_thread_execution_mode(mode));
  assert_ok(eager_synchronize(NULL));
  assert_ok(eager_reset_copy_stats());
  test_log_clear();
}

static eager_tensor *make(const char *device, eager_dtype dtype, int64_t count,
                          const double *values) {
  assert_ok(eager_push_device(device));
  eager_tensor *t = test_tensor(dtype, (test_shape){1, {count}}, values);
  assert_ok(eager_pop_device());
  return t;
}

eager_tensor *placing_tensor(const char *device, eager_dtype dtype, int64_t count) {
  double *values = test_alloc((size_t)count * sizeof *values);
  for (int64_t i = 0; i < count; i++)
    values[i] = dtype == EAGER_BOOL ? (double)((i + 1) % 2) : (double)(i + 1);
  return make(device, dtype, count, values);
}

eager_tensor *placing_values(const char *device, int64_t count, const double *values) {
  return make(device, EAGER_FLOAT32, count, values);
}

eager_tensor *placing_sum(const char *device, eager_tensor *a, eager_tensor *b) {
  eager_tensor *sum;
  assert_ok(eager_push_device(device));
  assert_ok(eager_add(a, b, &sum));
  assert_ok(eager_pop_device());
  return sum;
}

static eager_tensor *gather(const char *device, const int32_t *rows) {
  const int64_t count = 3;
  eager_tensor *params = placing_tensor(device, EAGER_FLOAT32, 4), *indices, *out;
  assert_ok(eager_push_device(device));
  assert_ok(eager_tensor_from_host(EAGER_INT32, 1, &count, rows, &indices));
  assert_ok(eager_gather(params, indices, 0, &out));
  assert_ok(eager_pop_device());
  eager_tensor_release(params);
  eager_tensor_release(indices);
  return out;
}

eager_tensor *placing_bad_gather(const char *device) {
  return gather(device, (int32_t[]){0, 9, 1});
}

eager_tensor *placing_good_gather(const char *device) {
  return gather(device, (int32_t[]){0, 2, 1});
}

placing_gate placing_gate_new(const char *device, int64_t count) {
  placing_gate gate;
  cl_context context;
  cl_int code;
  float *values = test_alloc((size_t)count * sizeof *values);
  for (int64_t i = 0; i < count; i++) values[i] = (float)(i + 1);
  assert_ok(eager_device_cl(device, &context, NULL, NULL));
  gate.mem = clCreateBuffer(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                            (size_t)count * sizeof *values, values, &code);
  assert_int_equal(code, CL_SUCCESS);
  gate.event = clCreateUserEvent(context, &code);
  assert_int_equal(code, CL_SUCCESS);
  assert_ok(eager_tensor_from_cl_mem(device, gate.mem, 0, EAGER_FLOAT32, 1, &count,
                                     gate.event, &gate.tensor));
  return gate;
}

void placing_gate_open(placing_gate *gate, cl_int status) {
  assert_int_equal(clSetUserEventStatus(gate->event, status), CL_SUCCESS);
  assert_int_equal(clReleaseEvent(gate->event), CL_SUCCESS);
  assert_int_equal(clReleaseMemObject(gate->mem), CL_SUCCESS);
}

unsigned long long placing_number(void) {
  return atomic_load(&eager__runtime_get()->op_number);
}

eager_memory_info placing_memory(const char *device) {
  eager_memory_info info;
  assert_ok(eager_get_memory_info(device, &info));
  return info;
}

eager_copy_stats placing_stats(void) {
  eager_copy_stats stats;
  assert_ok(eager_get_copy_stats(&stats));
  return stats;
}

const char *placing_full_name(const char *device) {
  const eager_device_info *info;
  assert_ok(eager_device_find(device, &info));
  return info->name;
}

eager_copy_record placing_record(const char *op, int input, const char *from,
                                 const char *to) {
  eager_copy_record found = {0};
  for (size_t i = 0; i < eager_copy_record_count(); i++) {
    eager_copy_record record;
    assert_ok(eager_copy_record_get(i, &record));
    if (strcmp(record.op, op) || record.input != input) continue;
    if (strcmp(record.from, placing_full_name(from))) continue;
    if (strcmp(record.to, placing_full_name(to))) continue;
    assert_null(found.op); /* one record for one key */
    found = record;
  }
  return found;
}

void placing_expect_failed(const eager_tensor *t, eager_status status, const char *text) {
  float data[16];
  for (int i = 0; i < 16; i++) data[i] = -77;
  assert_fails(eager_tensor_wait(t), status, text);
  assert_int_equal(eager_tensor_poll(t), EAGER_FAILED);
  assert_string_equal(eager_error_message(), text);
  assert_fails(eager_tensor_wait_for(t, 0), status, text);
  size_t size = eager_tensor_byte_size(t);
  assert_true(size <= sizeof data);
  assert_fails(eager_tensor_to_host(t, data, size), status, text);
  for (int i = 0; i < 16; i++) assert_true(data[i] == -77);
}

void placing_expect(const eager_tensor *t, int64_t count, const double *values) {
  test_expect(t, EAGER_FLOAT32, (test_shape){1, {count}}, values, TEST_EXACT, NULL);
}
