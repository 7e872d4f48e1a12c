/* The scenarios themselves. Each `act` is what a program would write; it ends at the first
 * failure in SYNC and goes on in ASYNC as far as handles allow. */
#include "eagercl/opencl.h"
#include "scenario_parts.h"

enum { LARGE = 1 << 18 }; /* floats: is mapped for a copy to another context */

static const int64_t columns = FAULT_COLUMNS, small = FAULT_SMALL;
static const int64_t large = LARGE, huge = FAULT_HUGE;

static const char *needs_other_context(const fault_attempt *a) {
  return a->there == NULL ? "there is one platform only" : NULL;
}

static const char *needs_same_context(const fault_attempt *a) {
  return a->beside == NULL ? "the device is alone on its platform" : NULL;
}

/* ---- From the host and back ---- */

static void create(fault_attempt *a, const int64_t *count) {
  eager_tensor *t = NULL;
  const float *data = fault_numbers((int)*count, 1);
  fault_step(a, eager_tensor_from_host(EAGER_FLOAT32, 1, count, data, &t), &t);
  fault_expect(a, t, data, (size_t)*count * sizeof *data);
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

void fault_one_input(fault_attempt *a) {
  fault_floats(a, a->here, 2, fault_matrix, 1);
  fault_trim(a);
}

static void read_it(fault_attempt *a) {
  float got[FAULT_SMALL];
  if (!fault_step(a, eager_tensor_to_host(fault_input_of(a, 0), got, sizeof got), NULL))
    return;
  if (memcmp(got, fault_numbers(FAULT_SMALL, 1), sizeof got) != 0)
    fault_wrong(a, "read other values");
}

static void map_it(fault_attempt *a) {
  const void *view = NULL;
  if (!fault_step(a, eager_tensor_map(fault_input_of(a, 0), &view), NULL)) {
    if (view != NULL) fault_wrong(a, "a map failed and gave a view");
    return;
  }
  if (memcmp(view, fault_numbers(FAULT_SMALL, 1), FAULT_SMALL * sizeof(float)) != 0)
    fault_wrong(a, "mapped other values");
  fault_step(a, eager_tensor_unmap(fault_input_of(a, 0)), NULL);
}

/* ---- Ops ---- */

void fault_two_inputs(fault_attempt *a) {
  fault_floats(a, a->here, 2, fault_matrix, 1);
  fault_floats(a, a->here, 1, &columns, 2);
  fault_trim(a);
}

static void sum_is_right(fault_attempt *a, eager_tensor *sum) {
  float expected[FAULT_SMALL];
  memcpy(expected, fault_numbers(FAULT_SMALL, 1), sizeof expected);
  const float *row = fault_numbers(FAULT_COLUMNS, 2);
  for (int i = 0; i < FAULT_SMALL; i++) expected[i] += row[i % FAULT_COLUMNS];
  fault_expect(a, sum, expected, sizeof expected);
}

void fault_add(fault_attempt *a) {
  eager_tensor *sum = NULL;
  fault_step(a, eager_add(fault_input_of(a, 0), fault_input_of(a, 1), &sum), &sum);
  sum_is_right(a, sum);
}

static void fill(fault_attempt *a) {
  eager_tensor *zeros = NULL;
  const float expected[FAULT_SMALL] = {0};
  fault_step(a, eager_tensor_zeros(EAGER_FLOAT32, 2, fault_matrix, &zeros), &zeros);
  fault_expect(a, zeros, expected, sizeof expected);
}

void fault_matrix_and_rows(fault_attempt *a) {
  const int32_t rows[2] = {5, 0};
  const int64_t two = 2;
  fault_floats(a, a->here, 2, fault_matrix, 1);
  fault_input(a, a->here, EAGER_INT32, 1, &two, rows);
  fault_trim(a);
}

static void gather(fault_attempt *a) {
  eager_tensor *picked = NULL;
  float expected[2 * FAULT_COLUMNS];
  const float *all = fault_numbers(FAULT_SMALL, 1);
  memcpy(expected, all + 5 * FAULT_COLUMNS, FAULT_COLUMNS * sizeof *all);
  memcpy(expected + FAULT_COLUMNS, all, FAULT_COLUMNS * sizeof *all);
  fault_step(a, eager_gather(fault_input_of(a, 0), fault_input_of(a, 1), 0, &picked),
             &picked);
  fault_expect(a, picked, expected, sizeof expected);
}

/* More ops than a mark covers, looked at in every way there is to wait. */
static void wait_in_every_way(fault_attempt *a) {
  enum { OPS = 20 };
  eager_tensor *t = fault_input_of(a, 0);
  float expected[FAULT_SMALL];
  memcpy(expected, fault_numbers(FAULT_SMALL, 1), sizeof expected);
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

/* ---- Copies ---- */

void fault_inputs_elsewhere(fault_attempt *a) {
  fault_floats(a, a->there, 2, fault_matrix, 1);
  fault_floats(a, a->here, 1, &columns, 2);
  fault_trim(a);
}

static void int32_elsewhere(fault_attempt *a) {
  const int32_t rows[2] = {5, 0};
  const int64_t two = 2;
  fault_floats(a, a->here, 2, fault_matrix, 1);
  fault_input(a, a->there, EAGER_INT32, 1, &two, rows);
  fault_trim(a);
}

static void copy_here(fault_attempt *a, size_t count) {
  eager_tensor *copy = NULL;
  fault_step(a, eager_tensor_copy_to_device(fault_input_of(a, 0), a->here, &copy), &copy);
  fault_expect(a, copy, fault_numbers((int)count, 1), count * sizeof(float));
}

static void copy_small(fault_attempt *a) {
  copy_here(a, FAULT_SMALL);
}

static void large_elsewhere(fault_attempt *a) {
  fault_floats(a, a->there, 1, &large, 1);
  fault_trim(a);
}

static void copy_large(fault_attempt *a) {
  copy_here(a, LARGE);
}

static void huge_beside(fault_attempt *a) {
  fault_floats(a, a->beside, 1, &huge, 1);
  fault_trim(a);
}

static void copy_huge(fault_attempt *a) {
  copy_here(a, FAULT_HUGE);
}

/* ---- With OpenCL code of the user's own ---- */

static void share(fault_attempt *a) {
  cl_mem mem = NULL;
  size_t offset = 0;
  cl_event ready = NULL;
  eager_tensor *sum = NULL, *over = NULL;
  if (fault_step(a, eager_add(fault_input_of(a, 0), fault_input_of(a, 0), &sum), &sum) &&
      fault_step(a, eager_tensor_cl_event(sum, &ready), NULL) &&
      fault_step(a, eager_tensor_cl_mem(sum, &mem, &offset), NULL))
    fault_step(a,
               eager_tensor_from_cl_mem(a->here, mem, offset, EAGER_FLOAT32, 2,
                                        fault_matrix, ready, &over),
               &over);
  float expected[FAULT_SMALL];
  const float *x = fault_numbers(FAULT_SMALL, 1);
  for (int i = 0; i < FAULT_SMALL; i++) expected[i] = 2 * x[i];
  if (over != NULL) fault_expect(a, over, expected, sizeof expected);
  if (sum != NULL) fault_expect(a, sum, expected, sizeof expected);
  if (ready != NULL) clReleaseEvent(ready);
  if (mem != NULL) clReleaseMemObject(mem);
}

/* ---- The end ---- */

static void work_everywhere(fault_attempt *a) {
  fault_two_inputs(a);
  for (int i = 0; i < 3; i++) {
    eager_tensor *sum = NULL, *copy = NULL;
    if (eager_add(fault_input_of(a, 0), fault_input_of(a, 1), &sum) != EAGER_OK ||
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
    {"traced_open", FAULT_OPENING | FAULT_MEASURING, SILENT, .once = true, .enables = true,
     .traces = true, .act = open_device},
    {"create_small", FAULT_CREATING, SILENT, .prepare = fault_trim, .act = create_small},
    {"create_large", FAULT_CREATING, SILENT, .prepare = fault_trim, .act = create_large},
    {"read", FAULT_READING, SILENT, .is_sync = true, .prepare = fault_one_input,
     .act = read_it},
    {"map", FAULT_READING, SILENT, .is_sync = true, .prepare = fault_one_input,
     .act = map_it},
    {"op", FAULT_RUNNING, SILENT, .subject = "AddV2", .prepare = fault_two_inputs,
     .act = fault_add},
    {"fill", FAULT_RUNNING, SILENT, .subject = "Zeros", .prepare = fault_trim, .act = fill},
    {"checked_op", FAULT_RUNNING, SILENT, .subject = "GatherV2",
     .prepare = fault_matrix_and_rows, .act = gather},
    {"waiting", FAULT_RUNNING, SILENT, .subject = "Neg", .prepare = fault_one_input,
     .act = wait_in_every_way},
    {"training_step", FAULT_RUNNING, SILENT, .prepare = fault_perceptron,
     .act = fault_training_step},
    {"session", FAULT_RUNNING, SILENT, .prepare = fault_training_session,
     .act = fault_session_twice, .after = fault_session_again},
    {"session_checked", FAULT_RUNNING, SILENT, .only_full = true, .subject = "GatherV2",
     .prepare = fault_picking_session, .act = fault_session, .after = fault_session_again},
    {"session_across", FAULT_COPYING, SILENT, .only_full = true, .subject = "AddV2",
     .lacks = needs_other_context, .prepare = fault_crossing_session, .act = fault_session,
     .after = fault_session_again},
    {"traced_op", FAULT_TRACING, SILENT, .traces = true, .prepare = fault_two_inputs,
     .act = fault_traced_add},
    {"policy_warn", FAULT_COPYING, EAGER_DEVICE_PLACEMENT_WARN, .subject = "AddV2",
     .lacks = needs_other_context, .prepare = fault_inputs_elsewhere, .act = fault_add},
    {"policy_silent", FAULT_COPYING, SILENT, .subject = "AddV2",
     .lacks = needs_other_context, .prepare = fault_inputs_elsewhere, .act = fault_add},
    {"policy_silent_for_int32", FAULT_COPYING, EAGER_DEVICE_PLACEMENT_SILENT_FOR_INT32,
     .subject = "GatherV2", .lacks = needs_other_context, .prepare = int32_elsewhere,
     .act = gather},
    {"policy_explicit", FAULT_COPYING, EAGER_DEVICE_PLACEMENT_EXPLICIT,
     .lacks = needs_other_context, .prepare = fault_inputs_elsewhere, .act = copy_small},
    {"copy_across_large", FAULT_COPYING, SILENT, .lacks = needs_other_context,
     .prepare = large_elsewhere, .act = copy_large},
    {"copy_beside_huge", FAULT_COPYING, SILENT, .lacks = needs_same_context,
     .prepare = huge_beside, .act = copy_huge},
    {"build", FAULT_BUILDING, SILENT, .subject = "AddV2", .prepare = fault_without_kernels,
     .act = fault_add},
    {"build_expression", FAULT_BUILDING_USERS, SILENT, .subject = "Elementwise",
     .prepare = fault_without_own_kernel, .act = fault_run_own_kernel},
    {"cache_store", FAULT_BUILDING, SILENT, .has_disk = true, .subject = "AddV2",
     .lacks = fault_needs_disk_cache, .prepare = fault_with_empty_folder, .act = fault_add},
    {"cache_load", FAULT_LOADING, SILENT, .has_disk = true, .subject = "AddV2",
     .lacks = fault_needs_disk_cache, .prepare = fault_with_kept_kernels, .act = fault_add},
    {"share", FAULT_SHARING, SILENT, .prepare = fault_one_input, .act = share},
    {"shutdown", FAULT_ENDING, SILENT, .once = true, .prepare = work_everywhere,
     .act = shut_down, .finish = let_shells_go},
};
const int fault_scenario_count = sizeof fault_scenarios / sizeof fault_scenarios[0];
