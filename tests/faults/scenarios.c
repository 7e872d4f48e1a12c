/* The scenarios themselves. Each `act` is what a program would write; it ends at the first
 * failure in SYNC and goes on in ASYNC as far as handles allow. */
#include "scenarios.h"

#include <dirent.h>
#include <unistd.h>

#include "cl/program.h"
#include "eagercl/opencl.h"
#include "runtime/runtime.h"

enum {
  ROWS = 6,
  COLUMNS = 8,
  SMALL = ROWS * COLUMNS,
  LARGE = 1 << 18, /* floats: is mapped for a copy to another context */
  HUGE = 1 << 20,  /* floats: pages of the library's own, copied in halves */
};

static const int64_t matrix[2] = {ROWS, COLUMNS}, columns = COLUMNS, small = SMALL;
static const int64_t large = LARGE, huge = HUGE;

/* Small integers, so that every sum and product is exact. */
static float *numbers(int count, int seed) {
  static float data[HUGE];
  for (int i = 0; i < count; i++) data[i] = (float)((i * 7 + i / 5 + seed) % 19 - 9);
  return data;
}

static eager_tensor *input(fault_attempt *a, const char *device, int rank,
                           const int64_t *dims, int seed) {
  int count = 1;
  for (int i = 0; i < rank; i++) count *= (int)dims[i];
  return fault_input(a, device, EAGER_FLOAT32, rank, dims, numbers(count, seed));
}

static eager_tensor *input_of(const fault_attempt *a, int i) {
  return i < a->kept_count ? a->kept[i].tensor : NULL;
}

/* So that the pool has nothing and asks the driver. */
static void trim(fault_attempt *a) {
  if (eager_trim_memory(NULL) != EAGER_OK) fault_wrong(a, "%s", eager_error_message());
}

/* Waits where the call did not. */
static void expect(fault_attempt *a, eager_tensor *t, const void *expected, size_t size) {
  if (t != NULL) fault_step(a, eager_tensor_wait(t), NULL);
  fault_output(a, t, expected, size);
}

static const char *needs_other_context(const fault_attempt *a) {
  return a->there == NULL ? "there is one platform only" : NULL;
}

static const char *needs_same_context(const fault_attempt *a) {
  return a->beside == NULL ? "the device is alone on its platform" : NULL;
}

/* ---- From the host and back ---- */

static void create(fault_attempt *a, const int64_t *count) {
  eager_tensor *t = NULL;
  const float *data = numbers((int)*count, 1);
  fault_step(a, eager_tensor_from_host(EAGER_FLOAT32, 1, count, data, &t), &t);
  expect(a, t, data, (size_t)*count * sizeof *data);
}

static void create_small(fault_attempt *a) {
  create(a, &small);
}

static void create_large(fault_attempt *a) {
  create(a, &huge);
}

static void open_device(fault_attempt *a) {
  if (fault_step(a, fault_enable(a), NULL)) create_small(a);
}

static void one_input(fault_attempt *a) {
  input(a, a->here, 2, matrix, 1);
  trim(a);
}

static void read_it(fault_attempt *a) {
  float got[SMALL];
  if (!fault_step(a, eager_tensor_to_host(input_of(a, 0), got, sizeof got), NULL)) return;
  if (memcmp(got, numbers(SMALL, 1), sizeof got) != 0) fault_wrong(a, "read other values");
}

static void map_it(fault_attempt *a) {
  const void *view = NULL;
  if (!fault_step(a, eager_tensor_map(input_of(a, 0), &view), NULL)) {
    if (view != NULL) fault_wrong(a, "a map failed and gave a view");
    return;
  }
  if (memcmp(view, numbers(SMALL, 1), SMALL * sizeof(float)) != 0)
    fault_wrong(a, "mapped other values");
  fault_step(a, eager_tensor_unmap(input_of(a, 0)), NULL);
}

/* ---- Ops ---- */

static void two_inputs(fault_attempt *a) {
  input(a, a->here, 2, matrix, 1);
  input(a, a->here, 1, &columns, 2);
  trim(a);
}

static void sum_is_right(fault_attempt *a, eager_tensor *sum) {
  float expected[SMALL];
  memcpy(expected, numbers(SMALL, 1), sizeof expected);
  const float *row = numbers(COLUMNS, 2);
  for (int i = 0; i < SMALL; i++) expected[i] += row[i % COLUMNS];
  expect(a, sum, expected, sizeof expected);
}

static void add(fault_attempt *a) {
  eager_tensor *sum = NULL;
  fault_step(a, eager_add(input_of(a, 0), input_of(a, 1), &sum), &sum);
  sum_is_right(a, sum);
}

static void fill(fault_attempt *a) {
  eager_tensor *zeros = NULL;
  const float expected[SMALL] = {0};
  fault_step(a, eager_tensor_zeros(EAGER_FLOAT32, 2, matrix, &zeros), &zeros);
  expect(a, zeros, expected, sizeof expected);
}

static void matrix_and_rows(fault_attempt *a) {
  const int32_t rows[2] = {5, 0};
  const int64_t two = 2;
  input(a, a->here, 2, matrix, 1);
  fault_input(a, a->here, EAGER_INT32, 1, &two, rows);
  trim(a);
}

static void gather(fault_attempt *a) {
  eager_tensor *picked = NULL;
  float expected[2 * COLUMNS];
  const float *all = numbers(SMALL, 1);
  memcpy(expected, all + 5 * COLUMNS, COLUMNS * sizeof *all);
  memcpy(expected + COLUMNS, all, COLUMNS * sizeof *all);
  fault_step(a, eager_gather(input_of(a, 0), input_of(a, 1), 0, &picked), &picked);
  expect(a, picked, expected, sizeof expected);
}

/* More ops than a mark covers, looked at in every way there is to wait. */
static void wait_in_every_way(fault_attempt *a) {
  enum { OPS = 20 };
  eager_tensor *t = input_of(a, 0);
  float expected[SMALL];
  memcpy(expected, numbers(SMALL, 1), sizeof expected);
  for (int i = 0; i < OPS && t != NULL; i++) {
    eager_tensor *next = NULL;
    fault_step(a, eager_negative(t, &next), &next);
    if (i > 0) eager_tensor_release(t);
    t = next;
  }
  if (t != NULL && eager_tensor_poll(t) == EAGER_FAILED)
    fault_step(a, eager_tensor_wait(t), NULL);
  if (t != NULL) fault_step(a, eager_tensor_wait_for(t, UINT64_C(20000000000)), NULL);
  fault_step(a, eager_synchronize(a->here), NULL);
  fault_output(a, t, expected, sizeof expected);
}

/* ---- A step of training: two layers, their gradients, new weights ---- */

static void perceptron(fault_attempt *a) {
  const int64_t w1[2] = {COLUMNS, 16}, b1 = 16, w2[2] = {16, 4}, rows = ROWS;
  const int32_t labels[ROWS] = {0, 3, 1, 2, 3, 0};
  const float rate = 0.125f;
  input(a, a->here, 2, matrix, 1);
  input(a, a->here, 2, w1, 2);
  input(a, a->here, 1, &b1, 3);
  input(a, a->here, 2, w2, 4);
  fault_input(a, a->here, EAGER_INT32, 1, &rows, labels);
  fault_input(a, a->here, EAGER_FLOAT32, 0, NULL, &rate);
  trim(a);
}

typedef struct tape {
  fault_attempt *attempt;
  eager_tensor *made[24];
  int count;
} tape;

/* Keeps the result of one op; false if there is none: then nothing that needs it is run. */
static bool ran(tape *t, eager_status status, eager_tensor **out) {
  if (!fault_step(t->attempt, status, out)) return false;
  t->made[t->count++] = *out;
  return true;
}

static bool forward(tape *t, eager_tensor **out_hidden, eager_tensor **out_loss,
                    eager_tensor **out_error) {
  fault_attempt *a = t->attempt;
  eager_tensor *x = NULL, *biased = NULL, *logits = NULL;
  if (!ran(t, eager_matmul(input_of(a, 0), false, input_of(a, 1), false, &x), &x) ||
      !ran(t, eager_bias_add(x, input_of(a, 2), NULL, &biased), &biased) ||
      !ran(t, eager_relu(biased, out_hidden), out_hidden) ||
      !ran(t, eager_matmul(*out_hidden, false, input_of(a, 3), false, &logits), &logits))
    return false;
  eager_status status = eager_sparse_softmax_cross_entropy_with_logits(
      input_of(a, 4), logits, out_loss, out_error);
  if (status != EAGER_OK && *out_error != NULL) fault_wrong(a, "half of an op's outputs");
  return ran(t, status, out_loss) && ran(t, EAGER_OK, out_error);
}

static void update(tape *t, eager_tensor *weights, eager_tensor *gradient,
                   eager_tensor **out) {
  eager_tensor *scaled = NULL;
  if (ran(t, eager_multiply(gradient, input_of(t->attempt, 5), &scaled), &scaled))
    ran(t, eager_subtract(weights, scaled, out), out);
}

static void backward(tape *t, eager_tensor *hidden, eager_tensor *error,
                     eager_tensor **results) {
  fault_attempt *a = t->attempt;
  eager_tensor *of_w2 = NULL, *of_hidden = NULL, *of_x = NULL, *of_w1 = NULL, *of_b1 = NULL;
  if (!ran(t, eager_matmul(hidden, true, error, false, &of_w2), &of_w2) ||
      !ran(t, eager_matmul(error, false, input_of(a, 3), true, &of_hidden), &of_hidden) ||
      !ran(t, eager_relu_grad(of_hidden, hidden, &of_x), &of_x) ||
      !ran(t, eager_matmul(input_of(a, 0), true, of_x, false, &of_w1), &of_w1) ||
      !ran(t, eager_bias_add_grad(of_x, NULL, &of_b1), &of_b1))
    return;
  update(t, input_of(a, 1), of_w1, &results[0]);
  if (results[0] != NULL) update(t, input_of(a, 2), of_b1, &results[1]);
  if (results[1] != NULL) update(t, input_of(a, 3), of_w2, &results[2]);
}

static void training_step(fault_attempt *a) {
  tape t = {.attempt = a};
  eager_tensor *hidden = NULL, *error = NULL, *results[4] = {NULL};
  if (forward(&t, &hidden, &results[0], &error)) backward(&t, hidden, error, results + 1);
  for (int i = 0; i < 4; i++) {
    if (results[i] == NULL) continue;
    eager_tensor_retain(results[i]);
    expect(a, results[i], NULL, 0);
  }
  for (int i = 0; i < t.count; i++) eager_tensor_release(t.made[i]);
}

/* ---- Copies ---- */

static void inputs_elsewhere(fault_attempt *a) {
  input(a, a->there, 2, matrix, 1);
  input(a, a->here, 1, &columns, 2);
  trim(a);
}

static void int32_elsewhere(fault_attempt *a) {
  const int32_t rows[2] = {5, 0};
  const int64_t two = 2;
  input(a, a->here, 2, matrix, 1);
  fault_input(a, a->there, EAGER_INT32, 1, &two, rows);
  trim(a);
}

static void copy_here(fault_attempt *a, size_t count) {
  eager_tensor *copy = NULL;
  fault_step(a, eager_tensor_copy_to_device(input_of(a, 0), a->here, &copy), &copy);
  expect(a, copy, numbers((int)count, 1), count * sizeof(float));
}

static void copy_small(fault_attempt *a) {
  copy_here(a, SMALL);
}

static void large_elsewhere(fault_attempt *a) {
  input(a, a->there, 1, &large, 1);
  trim(a);
}

static void copy_large(fault_attempt *a) {
  copy_here(a, LARGE);
}

static void huge_beside(fault_attempt *a) {
  input(a, a->beside, 1, &huge, 1);
  trim(a);
}

static void copy_huge(fault_attempt *a) {
  copy_here(a, HUGE);
}

/* ---- Kernels ---- */

/* The device forgets what was built, as if it had just been opened. */
static void forget_kernels(fault_attempt *a) {
  eager__device *device;
  if (eager_synchronize(NULL) != EAGER_OK ||
      eager__runtime_find_device(eager__runtime_get(), a->here, &device) != EAGER_OK)
    fault_wrong(a, "%s", eager_error_message());
  else
    eager__programs_close(device);
}

static void without_kernels(fault_attempt *a) {
  two_inputs(a);
  forget_kernels(a);
}

static char folder[64];

const char *fault_cache_folder(const fault_scenario *scenario) {
  if (!scenario->has_disk) return "";
  if (folder[0] == '\0')
    snprintf(folder, sizeof folder, "/tmp/eagercl-faults-%ld", (long)getpid());
  return folder;
}

/* Empties the folder; false while there was nothing in it. */
static bool empty_folder(void) {
  bool any = false;
  DIR *all = folder[0] != '\0' ? opendir(folder) : NULL;
  if (all == NULL) return false;
  for (const struct dirent *one; (one = readdir(all)) != NULL;)
    if (one->d_name[0] != '.') any = unlinkat(dirfd(all), one->d_name, 0) == 0 || any;
  closedir(all);
  return any;
}

static void remove_folder(void) {
  empty_folder();
  rmdir(folder);
}

static const char *needs_disk_cache(const fault_attempt *a) {
  (void)a;
  return strstr(test_device_info()->platform, "rusticl") == NULL
             ? "this driver keeps built kernels itself"
             : NULL;
}

static void remove_folder_at_exit(void) {
  static bool is_planned;
  if (!is_planned) is_planned = atexit(remove_folder) == 0;
}

static void with_empty_folder(fault_attempt *a) {
  remove_folder_at_exit();
  without_kernels(a);
  empty_folder();
}

/* Built, kept on the disk and forgotten. */
static void with_kept_kernels(fault_attempt *a) {
  eager_tensor *sum = NULL;
  remove_folder_at_exit();
  two_inputs(a);
  if (eager_add(input_of(a, 0), input_of(a, 1), &sum) != EAGER_OK)
    fault_wrong(a, "%s", eager_error_message());
  eager_tensor_release(sum);
  trim(a);
  forget_kernels(a);
}

/* Never seen before: nobody has it in a cache. */
static void run_own_kernel(fault_attempt *a) {
  eager_tensor *out = NULL;
  const float *x = numbers(SMALL, 1);
  float expected[SMALL];
  for (int i = 0; i < SMALL; i++) expected[i] = 3 * x[i] + 1;
  eager_tensor *in = input_of(a, 0);
  fault_step(a, eager_elementwise("3.0f * a + 1.0f", &in, 1, &out), &out);
  expect(a, out, expected, sizeof expected);
}

static void without_own_kernel(fault_attempt *a) {
  one_input(a);
  forget_kernels(a);
}

/* ---- With OpenCL code of the user's own ---- */

static void share(fault_attempt *a) {
  cl_mem mem = NULL;
  size_t offset = 0;
  cl_event ready = NULL;
  eager_tensor *sum = NULL, *over = NULL;
  if (fault_step(a, eager_add(input_of(a, 0), input_of(a, 0), &sum), &sum) &&
      fault_step(a, eager_tensor_cl_event(sum, &ready), NULL) &&
      fault_step(a, eager_tensor_cl_mem(sum, &mem, &offset), NULL))
    fault_step(a,
               eager_tensor_from_cl_mem(a->here, mem, offset, EAGER_FLOAT32, 2, matrix,
                                        ready, &over),
               &over);
  float expected[SMALL];
  const float *x = numbers(SMALL, 1);
  for (int i = 0; i < SMALL; i++) expected[i] = 2 * x[i];
  if (over != NULL) expect(a, over, expected, sizeof expected);
  if (sum != NULL) expect(a, sum, expected, sizeof expected);
  if (ready != NULL) clReleaseEvent(ready);
  if (mem != NULL) clReleaseMemObject(mem);
}

/* ---- The end ---- */

static void work_everywhere(fault_attempt *a) {
  two_inputs(a);
  for (int i = 0; i < 3; i++) {
    eager_tensor *sum = NULL, *copy = NULL;
    if (eager_add(input_of(a, 0), input_of(a, 1), &sum) != EAGER_OK ||
        (a->there != NULL && eager_tensor_copy_to_device(sum, a->there, &copy) != EAGER_OK))
      fault_wrong(a, "%s", eager_error_message());
    eager_tensor_release(sum);
    eager_tensor_release(copy);
  }
}

static void shut_down(fault_attempt *a) {
  fault_step(a, eager_shutdown(), NULL);
}

/* Handles are shells now. */
static void let_shells_go(fault_attempt *a) {
  for (int i = 0; i < a->kept_count; i++) {
    eager_tensor_release(a->kept[i].tensor);
    free(a->kept[i].bytes);
  }
  a->kept_count = 0;
}

/* ---- The table ---- */

#define SILENT EAGER_DEVICE_PLACEMENT_SILENT

const fault_scenario fault_scenarios[] = {
    {"open", FAULT_OPENING, SILENT, .once = true, .enables = true, .act = open_device},
    {"create_small", FAULT_CREATING, SILENT, .prepare = trim, .act = create_small},
    {"create_large", FAULT_CREATING, SILENT, .prepare = trim, .act = create_large},
    {"read", FAULT_READING, SILENT, .is_sync = true, .prepare = one_input, .act = read_it},
    {"map", FAULT_READING, SILENT, .is_sync = true, .prepare = one_input, .act = map_it},
    {"op", FAULT_RUNNING, SILENT, .subject = "AddV2", .prepare = two_inputs, .act = add},
    {"fill", FAULT_RUNNING, SILENT, .subject = "Zeros", .prepare = trim, .act = fill},
    {"checked_op", FAULT_RUNNING, SILENT, .subject = "GatherV2", .prepare = matrix_and_rows,
     .act = gather},
    {"waiting", FAULT_RUNNING, SILENT, .subject = "Neg", .prepare = one_input,
     .act = wait_in_every_way},
    {"training_step", FAULT_RUNNING, SILENT, .prepare = perceptron, .act = training_step},
    {"policy_warn", FAULT_COPYING, EAGER_DEVICE_PLACEMENT_WARN, .subject = "AddV2",
     .lacks = needs_other_context, .prepare = inputs_elsewhere, .act = add},
    {"policy_silent", FAULT_COPYING, SILENT, .subject = "AddV2",
     .lacks = needs_other_context, .prepare = inputs_elsewhere, .act = add},
    {"policy_silent_for_int32", FAULT_COPYING, EAGER_DEVICE_PLACEMENT_SILENT_FOR_INT32,
     .subject = "GatherV2", .lacks = needs_other_context, .prepare = int32_elsewhere,
     .act = gather},
    {"policy_explicit", FAULT_COPYING, EAGER_DEVICE_PLACEMENT_EXPLICIT,
     .lacks = needs_other_context, .prepare = inputs_elsewhere, .act = copy_small},
    {"copy_across_large", FAULT_COPYING, SILENT, .lacks = needs_other_context,
     .prepare = large_elsewhere, .act = copy_large},
    {"copy_beside_huge", FAULT_COPYING, SILENT, .lacks = needs_same_context,
     .prepare = huge_beside, .act = copy_huge},
    {"build", FAULT_BUILDING, SILENT, .subject = "AddV2", .prepare = without_kernels,
     .act = add},
    {"build_expression", FAULT_BUILDING_USERS, SILENT, .subject = "Elementwise",
     .prepare = without_own_kernel, .act = run_own_kernel},
    {"cache_store", FAULT_BUILDING, SILENT, .has_disk = true, .subject = "AddV2",
     .lacks = needs_disk_cache, .prepare = with_empty_folder, .act = add},
    {"cache_load", FAULT_LOADING, SILENT, .has_disk = true, .subject = "AddV2",
     .lacks = needs_disk_cache, .prepare = with_kept_kernels, .act = add},
    {"share", FAULT_SHARING, SILENT, .prepare = one_input, .act = share},
    {"shutdown", FAULT_ENDING, SILENT, .once = true, .prepare = work_everywhere,
     .act = shut_down, .finish = let_shells_go},
};
const int fault_scenario_count = sizeof fault_scenarios / sizeof fault_scenarios[0];
