/* ctest: devices=all labels=faults timeout=120 */
/* What ops ask of the driver, counted: one enqueue for a simple op, none for a view, no new
 * buffer once the pool is warm, and never what a driver is known to fail at. */
#include "base/alloc.h"
#include "base/small.h"
#include "test_layer.h"
#include "test_values.h"

enum { ROWS = 4, COLUMNS = 6, WARM_RUNS = 3, RUNS = 40 };

static struct { eager_tensor *a, *b, *bools, *ints, *scalar; /* a, b: float32 [4,6] */ } in;

typedef eager_status (*op_fn)(eager_tensor **out);

static const int64_t dims[2] = {ROWS, COLUMNS}, flat = ROWS * COLUMNS;
static const int64_t last_axis = 1, seed[2] = {1, 2};

static eager_status add(eager_tensor **out) {
  return eager_add(in.a, in.b, out);
}

static eager_status add_scalar(eager_tensor **out) {
  return eager_add(in.a, in.scalar, out);
}

static eager_status exponential(eager_tensor **out) {
  return eager_exp(in.a, out);
}

static eager_status less(eager_tensor **out) {
  return eager_less(in.a, in.b, out);
}

static eager_status where(eager_tensor **out) {
  return eager_where(in.bools, in.a, in.b, out);
}

static eager_status cast(eager_tensor **out) {
  return eager_cast(in.a, EAGER_INT32, out);
}

static eager_status sum_of_rows(eager_tensor **out) {
  return eager_reduce_sum(in.a, &last_axis, 1, false, out);
}

static eager_status argmax(eager_tensor **out) {
  return eager_argmax(in.a, 1, EAGER_INT64, out);
}

static eager_status softmax(eager_tensor **out) {
  return eager_softmax(in.a, -1, out);
}

static eager_status matmul(eager_tensor **out) {
  return eager_matmul(in.a, false, in.b, true, out);
}

static eager_status transpose(eager_tensor **out) {
  return eager_transpose(in.a, NULL, out);
}

static eager_status concat(eager_tensor **out) {
  return eager_concat((eager_tensor *[]){in.a, in.b}, 2, 0, out);
}

static eager_status slice_of_columns(eager_tensor **out) {
  return eager_slice(in.a, (int64_t[]){0, 1}, (int64_t[]){ROWS, 2}, out);
}

static eager_status fill(eager_tensor **out) {
  return eager_fill(2, dims, in.scalar, out);
}

static eager_status zeros_like(eager_tensor **out) {
  return eager_zeros_like(in.a, out);
}

static eager_status range(eager_tensor **out) {
  return eager_range(0, 10, 1, EAGER_FLOAT32, out);
}

static eager_status one_hot(eager_tensor **out) {
  return eager_one_hot(in.ints, 5, in.scalar, in.scalar, -1, out);
}

static eager_status random_uniform(eager_tensor **out) {
  return eager_stateless_random_uniform(2, dims, seed, EAGER_FLOAT32, out);
}

/* A kernel and the read-back of its check. */
static eager_status gather(eager_tensor **out) {
  return eager_gather(in.a, in.ints, 0, out);
}

static eager_status identity(eager_tensor **out) {
  return eager_identity(in.a, out);
}

static eager_status reshape(eager_tensor **out) {
  return eager_reshape(in.a, 1, &flat, out);
}

static eager_status expand_dims(eager_tensor **out) {
  return eager_expand_dims(in.a, 0, out);
}

static eager_status squeeze(eager_tensor **out) {
  return eager_squeeze(in.a, NULL, 0, out);
}

static eager_status slice_of_rows(eager_tensor **out) {
  return eager_slice(in.a, (int64_t[]){1, 0}, (int64_t[]){2, COLUMNS}, out);
}

static eager_status to_the_same_device(eager_tensor **out) {
  return eager_tensor_copy_to_device(in.a, test_device(), out);
}

static const struct {
  const char *name;
  op_fn run;
  uint64_t enqueues;
} ops[] = {
    {"add", add, 1},
    {"add a scalar", add_scalar, 1},
    {"exp", exponential, 1},
    {"less", less, 1},
    {"where", where, 1},
    {"cast", cast, 1},
    {"sum of rows", sum_of_rows, 1},
    {"argmax", argmax, 1},
    {"softmax", softmax, 1},
    {"matmul", matmul, 1},
    {"transpose", transpose, 1},
    {"concat", concat, 2}, /* at most one per input */
    {"slice of columns", slice_of_columns, 1},
    {"fill", fill, 1},
    {"zeros_like", zeros_like, 1},
    {"range", range, 1},
    {"one_hot", one_hot, 1},
    {"random_uniform", random_uniform, 1},
    {"gather", gather, 2},
    {"identity", identity, 0},
    {"reshape", reshape, 0},
    {"expand_dims", expand_dims, 0},
    {"squeeze", squeeze, 0},
    {"slice of rows", slice_of_rows, 0},
    {"copy to the same device", to_the_same_device, 0},
};
enum { OPS = sizeof ops / sizeof ops[0] };

static void make_inputs(void) {
  const double ints[3] = {2, 0, 1}, one = 1;
  test_shape matrix = {2, {ROWS, COLUMNS}};
  test_enable();
  in.a = test_tensor(EAGER_FLOAT32, matrix, test_random_values(EAGER_FLOAT32, flat, -1, 1));
  in.b = test_tensor(EAGER_FLOAT32, matrix, test_random_values(EAGER_FLOAT32, flat, -1, 1));
  in.bools = test_tensor(EAGER_BOOL, matrix, test_random_values(EAGER_BOOL, flat, 0, 1));
  in.ints = test_tensor(EAGER_INT32, (test_shape){1, {3}}, ints);
  in.scalar = test_tensor(EAGER_FLOAT32, (test_shape){0}, &one);
}

static void drop_inputs(void) {
  eager_tensor_release(in.a);
  eager_tensor_release(in.b);
  eager_tensor_release(in.bools);
  eager_tensor_release(in.ints);
  eager_tensor_release(in.scalar);
}

static void run(op_fn op, int times) {
  for (int i = 0; i < times; i++) {
    eager_tensor *out;
    assert_ok(op(&out));
    eager_tensor_release(out);
  }
}

/* Kernel, copy, fill, read, write, map: all but the markers. */
static uint64_t commands(const eager_layer *layer) {
  return layer->count("clEnqueue") - layer->count("clEnqueueMarker");
}

static void ops_enqueue_no_more_than_they_must(void **state) {
  (void)state;
  const eager_layer *layer = test_layer();
  make_inputs();
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    assert_ok(eager_set_thread_execution_mode((eager_execution_mode)mode));
    for (int i = 0; i < OPS; i++) {
      run(ops[i].run, WARM_RUNS);
      assert_ok(eager_synchronize(NULL));
      layer->reset();
      run(ops[i].run, 1);
      uint64_t enqueued = commands(layer);
      if (enqueued > ops[i].enqueues || (enqueued == 0 && ops[i].enqueues > 0))
        fail_msg("%s made %d enqueues instead of %d", ops[i].name, (int)enqueued,
                 (int)ops[i].enqueues);
      assert_int_equal(layer->count("clCreate"), 0);
      if (mode == EAGER_SYNC) {
        /* Its own event, and no marker. */
        assert_int_equal(layer->count("clEnqueueMarker"), 0);
        assert_int_equal(layer->count("clWaitForEvents"), ops[i].enqueues > 0);
      }
      if (ops[i].enqueues > 0) continue;
      assert_int_equal(layer->count("clEnqueue"), 0);
      assert_int_equal(layer->count("clFlush"), 0);
      assert_int_equal(layer->count("clWaitForEvents"), 0);
    }
  }
  drop_inputs();
}

/* Inputs and a warm add, in ASYNC; what is counted begins here. */
static const eager_layer *begin_async_adds(void) {
  const eager_layer *layer = test_layer();
  make_inputs();
  assert_ok(eager_set_thread_execution_mode(EAGER_ASYNC));
  run(add, WARM_RUNS);
  assert_ok(eager_synchronize(NULL));
  layer->reset();
  return layer;
}

/* "A mark is the event of every 16th op": that many, and a few for who waits. */
static void a_long_run_of_ops_marks_every_sixteenth(void **state) {
  (void)state;
  const eager_layer *layer = begin_async_adds();
  run(add, RUNS);
  assert_ok(eager_synchronize(NULL));
  assert_int_equal(layer->count("clEnqueueNDRangeKernel"), RUNS);
  assert_in_range(layer->count("clEnqueueMarkerWithWaitList"), 1, RUNS / 16 + 2);
  /* Behind every submission and marker: what is submitted makes progress by itself. */
  assert_in_range(layer->count("clFlush"), RUNS, RUNS + RUNS / 16 + 4);
  drop_inputs();
}

/* An event for every sixteenth op, and one for who waits for the last. */
static void a_chain_of_a_thousand_ops_makes_63_events(void **state) {
  (void)state;
  const eager_layer *layer = begin_async_adds();
  eager_tensor *sum = in.a, *next;
  for (int i = 0; i < 1000; i++) {
    assert_ok(eager_add(sum, in.b, &next));
    if (i > 0) eager_tensor_release(sum);
    sum = next;
  }
  assert_ok(eager_synchronize(NULL));
  uint64_t made = layer->count("clReleaseEvent") - layer->count("clRetainEvent");
  assert_in_range(made, 1, 63);
  assert_int_equal(layer->count("clEnqueueNDRangeKernel"), 1000);
  eager_tensor_release(sum);
  drop_inputs();
}

static eager_status add_by_name(eager_tensor **out) {
  eager_op *op;
  int count = 1;
  eager_status status = eager_op_new("AddV2", &op);
  if (status != EAGER_OK) return status;
  status = eager_op_add_input(op, in.a);
  if (status == EAGER_OK) status = eager_op_add_input(op, in.b);
  if (status == EAGER_OK) status = eager_op_execute(op, out, &count);
  eager_op_release(op);
  return status;
}

/* The only allocation that is made to fail is the next one. */
static void a_warm_op_allocates_nothing(void **state) {
  (void)state;
  static const op_fn warm[] = {add,    add_scalar, add_by_name, sum_of_rows,
                               matmul, gather,     identity,    slice_of_rows};
  if (EAGER__SMALL_KEPT == 0) test_skip("under this sanitizer every block is allocated");
  make_inputs();
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    assert_ok(eager_set_thread_execution_mode((eager_execution_mode)mode));
    for (size_t i = 0; i < sizeof warm / sizeof *warm; i++) {
      run(warm[i], 200);
      assert_ok(eager_synchronize(NULL));
      eager__alloc_fail_after(1);
      run(warm[i], 50);
      eager__alloc_fail_after(-1);
      assert_ok(eager_synchronize(NULL));
    }
  }
  drop_inputs();
}

static void expect_sum(eager_tensor *sum, const float *x, const float *y, int step) {
  float got[ROWS * COLUMNS];
  assert_ok(eager_tensor_to_host(sum, got, sizeof got));
  for (int i = 0; i < ROWS * COLUMNS; i++)
    assert_true(got[i] == x[i] + y[(ptrdiff_t)i * step]);
  eager_tensor_release(sum);
}

/* A driver's kernel keeps its arguments: what is as it was is not set again, and what is
 * not is. */
static void only_arguments_that_changed_are_set(void **state) {
  (void)state;
  const eager_layer *layer = test_layer();
  make_inputs();
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
  float a[ROWS * COLUMNS], b[ROWS * COLUMNS], scalar;
  assert_ok(eager_tensor_to_host(in.a, a, sizeof a));
  assert_ok(eager_tensor_to_host(in.b, b, sizeof b));
  assert_ok(eager_tensor_to_host(in.scalar, &scalar, sizeof scalar));
  for (int i = 0; i < 3; i++) {
    eager_tensor *sum;
    layer->reset();
    assert_ok(eager_add(in.a, in.b, &sum));
    if (i > 0)
      assert_int_equal(layer->count("clSetKernelArg"), 1 + 1); /* and what repeats */
    expect_sum(sum, a, b, 1);
    layer->reset();
    assert_ok(eager_add(in.a, in.b, &sum));
    assert_int_equal(layer->count("clSetKernelArg"), 0);
    expect_sum(sum, a, b, 1);
    layer->reset();
    assert_ok(eager_add(in.a, in.scalar, &sum));
    if (i > 0) assert_int_equal(layer->count("clSetKernelArg"), 1 + 1);
    expect_sum(sum, a, &scalar, 0);
  }
  drop_inputs();
}

/* Once a buffer was released, a handle that looks like an old one may be a new buffer. */
static void buffers_are_set_again_when_one_has_gone(void **state) {
  (void)state;
  const eager_layer *layer = test_layer();
  make_inputs();
  assert_ok(eager_set_thread_execution_mode(EAGER_SYNC));
  float a[ROWS * COLUMNS], b[ROWS * COLUMNS];
  assert_ok(eager_tensor_to_host(in.a, a, sizeof a));
  assert_ok(eager_tensor_to_host(in.b, b, sizeof b));
  for (int i = 0; i < 3; i++) {
    eager_tensor *sum;
    layer->reset();
    assert_ok(eager_add(in.a, in.b, &sum));
    if (i > 0) assert_int_equal(layer->count("clSetKernelArg"), 3);
    expect_sum(sum, a, b, 1);
    layer->reset();
    assert_ok(eager_trim_memory(NULL));
    assert_true(layer->count("clReleaseMemObject") > 0);
  }
  drop_inputs();
}

/* Drivers lose commands behind user events, and call back from threads of their own. */
static void what_drivers_fail_at_is_never_asked(void **state) {
  (void)state;
  const eager_layer *layer = test_layer();
  make_inputs();
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    assert_ok(eager_set_thread_execution_mode((eager_execution_mode)mode));
    for (int i = 0; i < OPS; i++) run(ops[i].run, 1);
    for (size_t i = 1; i < eager_device_count(); i++) {
      const eager_device_info *info;
      eager_tensor *copy;
      assert_ok(eager_device_get(i, &info));
      assert_ok(eager_tensor_copy_to_device(in.a, info->short_name, &copy));
      assert_ok(eager_tensor_wait(copy));
      eager_tensor_release(copy);
    }
    assert_ok(eager_synchronize(NULL));
  }
  assert_int_equal(layer->count("clCreateUserEvent"), 0);
  assert_int_equal(layer->count("clSetEventCallback"), 0);
  assert_int_equal(layer->count("clCreateSubBuffer"), 0);
  drop_inputs();
}

/* Reading waits for what it reads: one read, and no second trip when it is done. */
static void reading_is_one_command(void **state) {
  (void)state;
  const eager_layer *layer = test_layer();
  make_inputs();
  float data[ROWS * COLUMNS];
  assert_ok(eager_tensor_to_host(in.a, data, sizeof data));
  layer->reset();
  assert_ok(eager_tensor_to_host(in.a, data, sizeof data));
  assert_in_range(commands(layer), 1, 2); /* a read, or a map and an unmap */
  layer->reset();
  eager_tensor *t = NULL;
  assert_ok(eager_tensor_from_host(EAGER_FLOAT32, 2, dims, data, &t));
  assert_in_range(commands(layer), 1, 2);
  eager_tensor_release(t);
  drop_inputs();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ops_enqueue_no_more_than_they_must),
      cmocka_unit_test(a_long_run_of_ops_marks_every_sixteenth),
      cmocka_unit_test(a_chain_of_a_thousand_ops_makes_63_events),
      cmocka_unit_test(a_warm_op_allocates_nothing),
      cmocka_unit_test(only_arguments_that_changed_are_set),
      cmocka_unit_test(buffers_are_set_again_when_one_has_gone),
      cmocka_unit_test(what_drivers_fail_at_is_never_asked),
      cmocka_unit_test(reading_is_one_command),
  };
  test_layer_load();
  return test_main("faults/calls", tests, sizeof tests / sizeof *tests);
}
