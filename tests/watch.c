#include "watch.h"

#include <pthread.h>
#include <unistd.h>

#include "base/sync.h"
#include "errors.h"
#include "runtime/run.h"
#include "runtime/scope.h"

/* Which cell the last ops wrote to, by the op's number. */
enum { KEPT = 65536, BUCKETS = 32768 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static watch_page *page;
static int test; /* that runs */
static struct {
  uint64_t number;
  int cell;
} kept[KEPT];
static int buckets[BUCKETS]; /* cell + 1 */

static double seconds_since(uint64_t begin) {
  return (double)(eager__now() - begin) * 1e-9;
}

/* ---- Cells ---- */

static uint32_t hash_of(const char *row, eager_dtype dtype, eager_execution_mode mode) {
  uint32_t hash = 2166136261u;
  for (const char *c = row; *c; c++) hash = (hash ^ (unsigned char)*c) * 16777619u;
  hash = (hash ^ (uint32_t)dtype) * 16777619u;
  hash = (hash ^ (uint32_t)mode) * 16777619u;
  return (hash ^ (uint32_t)test) * 16777619u;
}

static bool is_cell(const watch_cell *cell, const char *row, eager_dtype dtype,
                    eager_execution_mode mode) {
  return cell->test == test && cell->dtype == dtype && cell->mode == mode &&
         strncmp(cell->row, row, WATCH_NAME - 1) == 0;
}

/* -1 when there is no more room. */
static int cell_of(const char *row, eager_dtype dtype, eager_execution_mode mode) {
  uint32_t at = hash_of(row, dtype, mode) % BUCKETS;
  for (; buckets[at] != 0; at = (at + 1) % BUCKETS)
    if (is_cell(&page->cells[buckets[at] - 1], row, dtype, mode)) return buckets[at] - 1;
  if (page->count == WATCH_CELLS) return -1;
  watch_cell *cell = &page->cells[page->count];
  *cell = (watch_cell){.dtype = dtype, .mode = mode, .test = test};
  snprintf(cell->row, sizeof cell->row, "%s", row);
  buckets[at] = ++page->count;
  return page->count - 1;
}

/* An op made of others has their numbers on its outputs. */
static void keep(const eager_tensor *t, int cell) {
  if (t == NULL) return;
  kept[t->origin.number % KEPT].number = t->origin.number;
  kept[t->origin.number % KEPT].cell = cell;
}

static watch_cell *cell_that_made(const eager_tensor *t) {
  uint64_t number = t->origin.number;
  bool known = number != 0 && kept[number % KEPT].number == number;
  if (!known) return NULL;
  page->tests[test].cell = kept[number % KEPT].cell + 1;
  return &page->cells[kept[number % KEPT].cell];
}

/* ---- What the tests tell ---- */

static void hear_begin(int number) {
  test = number >= 0 && number < WATCH_TESTS ? number : 0;
  fflush(NULL);
  page->tests[test].printed = (long)lseek(STDOUT_FILENO, 0, SEEK_CUR);
}

static void hear_mode_picked(void) {
  page->tests[test].picks_modes = true;
}

/* What reports can write. */
static double finite(double x) {
  return x < 1e9 ? x : 1e9;
}

static void hear_errors(const eager_tensor *t, double ulps, double share) {
  ulps = finite(ulps);
  share = finite(share);
  pthread_mutex_lock(&lock);
  watch_cell *cell = cell_that_made(t);
  if (cell != NULL && ulps > cell->ulps) cell->ulps = ulps;
  if (cell != NULL && share > cell->share) cell->share = share;
  pthread_mutex_unlock(&lock);
}

static bool add_wrong(watch_cell *cell, const char *text) {
  if (cell == NULL) return false;
  if (cell->wrong++ == 0) snprintf(cell->text, sizeof cell->text, "%s", text);
  return true;
}

static bool hear_wrong(const eager_tensor *t, const char *text) {
  pthread_mutex_lock(&lock);
  bool heard = add_wrong(cell_that_made(t), text);
  pthread_mutex_unlock(&lock);
  return heard;
}

static bool hear_case(const char *row, eager_dtype dtype, eager_execution_mode mode,
                      const char *wrong) {
  pthread_mutex_lock(&lock);
  int cell = cell_of(row, dtype, mode);
  page->tests[test].cell = cell + 1;
  if (cell >= 0) page->cells[cell].cases++, page->cells[cell].is_row = true;
  if (cell >= 0 && wrong != NULL) add_wrong(&page->cells[cell], wrong);
  pthread_mutex_unlock(&lock);
  return cell >= 0;
}

static const test_listener listener = {hear_begin, hear_mode_picked, hear_errors,
                                       hear_wrong, hear_case};

void watch_begin(watch_page *shared) {
  page = shared;
  hear_begin(-1);
  test_listens = &listener;
}

/* ---- What the library is asked ---- */

eager_status __real_eager__call_run(eager__call *, const char *, eager_tensor **, int);
eager_status __wrap_eager__call_run(eager__call *, const char *, eager_tensor **, int);
eager_status __real_eager_tensor_to_host(const eager_tensor *, void *, size_t);
eager_status __wrap_eager_tensor_to_host(const eager_tensor *, void *, size_t);

/* T as far as the inputs tell; infer may know more. */
static eager_dtype dtype_of(const eager__call *call) {
  for (int i = 0; i < call->input_count; i++) {
    int spec = call->op->variadic ? 0 : i;
    if (spec < EAGER__MAX_INPUTS && call->op->inputs[spec].dtypes == 0)
      return call->inputs[i].dtype;
  }
  return call->input_count > 0 ? call->inputs[0].dtype : (eager_dtype)0;
}

static bool is_on_lane(const eager__call *call) {
  return call->device != NULL &&
         strcmp(call->device->full_name, test_device_info()->name) == 0;
}

eager_status __wrap_eager__call_run(eager__call *call, const char *device,
                                    eager_tensor **outputs, int output_count) {
  eager__runtime *runtime = page != NULL ? eager__runtime_get() : NULL;
  if (runtime == NULL || call->outer != NULL)
    return __real_eager__call_run(call, device, outputs, output_count);
  eager_execution_mode mode = eager__scope_mode(runtime);
  eager_dtype dtype = dtype_of(call);
  pthread_mutex_lock(&lock);
  int cell = cell_of(call->op->name, dtype, mode);
  page->tests[test].cell = cell + 1;
  pthread_mutex_unlock(&lock);
  uint64_t begin = eager__now();
  eager_status status = __real_eager__call_run(call, device, outputs, output_count);
  double seconds = seconds_since(begin);
  if (status != EAGER_OK || !is_on_lane(call)) return status;
  pthread_mutex_lock(&lock);
  if (dtype == 0) cell = cell_of(call->op->name, call->dtype, mode);
  page->tests[test].cell = cell + 1;
  if (cell >= 0) {
    page->cells[cell].seconds += seconds;
    for (int i = 0; i < output_count; i++) keep(outputs[i], cell);
  }
  pthread_mutex_unlock(&lock);
  return status;
}

eager_status __wrap_eager_tensor_to_host(const eager_tensor *t, void *data, size_t size) {
  uint64_t begin = eager__now();
  eager_status status = __real_eager_tensor_to_host(t, data, size);
  if (page == NULL || status != EAGER_OK) return status;
  double seconds = seconds_since(begin);
  pthread_mutex_lock(&lock);
  watch_cell *cell = cell_that_made(t);
  if (cell != NULL) {
    cell->cases++;
    cell->seconds += seconds;
  }
  pthread_mutex_unlock(&lock);
  return status;
}
