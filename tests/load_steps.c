#include "load_steps.h"

#include <pthread.h>

enum { ELEMENTS = LOAD_SIDE * LOAD_SIDE, WIDTH = 4096 };

static uint64_t draw(load_actor *actor, uint64_t below) {
  uint64_t x = actor->random;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  actor->random = x;
  return (x >> 11) % below;
}

/* --- What is shared --- */

static const int64_t square[] = {LOAD_SIDE, LOAD_SIDE};

static eager_tensor *make(uint64_t seed, eager_dtype dtype, int rank, const int64_t *dims,
                          int64_t modulus) {
  int64_t count = 1;
  for (int d = 0; d < rank; d++) count *= dims[d];
  float *floats = test_alloc((size_t)count * sizeof *floats);
  int32_t *ints = test_alloc((size_t)count * sizeof *ints);
  for (int64_t i = 0; i < count; i++) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    ints[i] = (int32_t)((seed >> 33) % (uint64_t)modulus);
    floats[i] = (float)ints[i] / (float)modulus - 0.5f;
  }
  eager_tensor *t;
  const void *data = dtype == EAGER_INT32 ? (void *)ints : (void *)floats;
  assert_ok(eager_tensor_from_host(dtype, rank, dims, data, &t));
  return t;
}

static eager_tensor *bad_rows(void) {
  int32_t rows[LOAD_SIDE] = {0};
  const int64_t dims[] = {LOAD_SIDE};
  eager_tensor *t;
  rows[LOAD_SIDE / 2] = LOAD_SIDE;
  assert_ok(eager_tensor_from_host(EAGER_INT32, 1, dims, rows, &t));
  return t;
}

void load_world_make(load_world *w, uint64_t seed) {
  const int64_t side[] = {LOAD_SIDE}, taps[] = {3, 3, 1, 1}, flat[] = {2 * ELEMENTS};
  *w = (load_world){.devices = {test_device()}, .device_count = 1};
  if (test_has_same_context()) w->devices[w->device_count++] = test_device_same_context();
  if (test_has_other_context()) w->devices[w->device_count++] = test_device_other_context();
  for (int i = 0; i < 4; i++) {
    assert_ok(eager_push_device(w->devices[i % w->device_count]));
    w->bases[i].tensor = make(seed + (uint64_t)i, EAGER_FLOAT32, 2, square, 997);
    assert_ok(eager_pop_device());
  }
  /* The halves of one buffer, as views. */
  const int64_t begins[2][1] = {{0}, {ELEMENTS}}, size[] = {ELEMENTS};
  eager_tensor *pair[] = {w->bases[0].tensor, w->bases[0].tensor}, *whole, *line, *half;
  assert_ok(eager_concat(pair, 2, 0, &whole));
  assert_ok(eager_reshape(whole, 1, flat, &line));
  for (int i = 0; i < 2; i++) {
    assert_ok(eager_slice(line, begins[i], size, &half));
    assert_ok(eager_reshape(half, 2, square, &w->bases[4 + i].tensor));
    eager_tensor_release(half);
  }
  eager_tensor_release(line);
  eager_tensor_release(whole);
  w->rows = make(seed + 7, EAGER_INT32, 1, side, LOAD_SIDE);
  w->bad_rows = bad_rows();
  w->filter = make(seed + 8, EAGER_FLOAT32, 4, taps, 31);
  w->gamma = make(seed + 9, EAGER_FLOAT32, 1, side, 31);
  w->one = make(seed + 10, EAGER_FLOAT32, 0, NULL, 31);
  w->wide = make(seed + 11, EAGER_FLOAT32, 2, (int64_t[]){LOAD_SIDE, WIDTH}, 31);
  w->tall = make(seed + 12, EAGER_FLOAT32, 2, (int64_t[]){WIDTH, LOAD_SIDE}, 31);
  assert_ok(eager_op_new("AddV2", &w->shared_op));
}

void load_world_drop(load_world *w) {
  eager_tensor *all[] = {w->rows, w->bad_rows, w->filter, w->gamma,
                         w->one,  w->wide,     w->tall};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) eager_tensor_release(all[i]);
  for (int i = 0; i < LOAD_BASES; i++) load_release(&w->bases[i]);
  eager_op_release(w->shared_op);
}

load_actor load_actor_new(uint64_t seed, int number, bool is_serial) {
  load_actor actor = {.random =
                          seed * 2654435761u + (uint64_t)number * 88172645463325252u + 1,
                      .policy = EAGER_DEVICE_PLACEMENT_SILENT,
                      .mode = EAGER_ASYNC,
                      .is_serial = is_serial,
                      .digest = 1469598103934665603u};
  for (int i = 0; i < 8; i++) draw(&actor, 2);
  return actor;
}

/* --- The ops: each from one or two squares to a square, of values that stay small --- */

typedef eager_status (*op_fn)(const load_world *w, eager_tensor *a, eager_tensor *b,
                              int64_t n, eager_tensor **out);

/* The second of two calls: drops what came between. */
static eager_status then(eager_status status, eager_tensor *between) {
  eager_tensor_release(between);
  return status;
}

static eager_status tanh_of_sum(const load_world *w, eager_tensor *a, eager_tensor *b,
                                int64_t n, eager_tensor **out) {
  (void)w;
  (void)n;
  eager_tensor *sum;
  eager_status status = eager_add(a, b, &sum);
  return status == EAGER_OK ? then(eager_tanh(sum, out), sum) : status;
}

static eager_status add_scalar(const load_world *w, eager_tensor *a, eager_tensor *b,
                               int64_t n, eager_tensor **out) {
  (void)b;
  (void)n;
  eager_tensor *sum;
  eager_status status = eager_subtract(a, w->one, &sum);
  return status == EAGER_OK ? then(eager_sigmoid(sum, out), sum) : status;
}

static eager_status product(const load_world *w, eager_tensor *a, eager_tensor *b,
                            int64_t n, eager_tensor **out) {
  (void)w;
  eager_tensor *c;
  eager_status status = eager_matmul(a, n & 1, b, n & 2, &c);
  return status == EAGER_OK ? then(eager_softsign(c, out), c) : status;
}

static eager_status softmax(const load_world *w, eager_tensor *a, eager_tensor *b,
                            int64_t n, eager_tensor **out) {
  (void)w;
  (void)b;
  return eager_softmax(a, -1 - (n & 1), out);
}

static eager_status centred(const load_world *w, eager_tensor *a, eager_tensor *b,
                            int64_t n, eager_tensor **out) {
  (void)w;
  const int64_t axis = n & 1;
  eager_tensor *mean;
  eager_status status = eager_reduce_mean(b, &axis, 1, true, &mean);
  return status == EAGER_OK ? then(eager_subtract(a, mean, out), mean) : status;
}

static eager_status maximum_of_max(const load_world *w, eager_tensor *a, eager_tensor *b,
                                   int64_t n, eager_tensor **out) {
  (void)w;
  const int64_t axis = n & 1;
  eager_tensor *most;
  eager_status status = eager_reduce_max(b, &axis, 1, true, &most);
  return status == EAGER_OK ? then(eager_minimum(a, most, out), most) : status;
}

static eager_status gather(const load_world *w, eager_tensor *a, eager_tensor *b, int64_t n,
                           eager_tensor **out) {
  (void)b;
  return eager_gather(a, w->rows, n & 1, out);
}

static eager_status gather_badly(const load_world *w, eager_tensor *a, eager_tensor *b,
                                 int64_t n, eager_tensor **out) {
  (void)b;
  return eager_gather(a, w->bad_rows, n & 1, out);
}

static eager_status transpose(const load_world *w, eager_tensor *a, eager_tensor *b,
                              int64_t n, eager_tensor **out) {
  (void)w;
  (void)b;
  (void)n;
  return eager_transpose(a, NULL, out);
}

/* The rows of both, cut at n: views of a's and b's bytes go in. */
static eager_status cut_and_join(const load_world *w, eager_tensor *a, eager_tensor *b,
                                 int64_t n, eager_tensor **out) {
  (void)w;
  int64_t at = n % (LOAD_SIDE - 1) + 1;
  eager_tensor *parts[2] = {NULL, NULL};
  eager_status status = eager_slice(a, (int64_t[]){0, 0}, (int64_t[]){at, -1}, &parts[0]);
  if (status == EAGER_OK)
    status = eager_slice(b, (int64_t[]){at, 0}, (int64_t[]){-1, -1}, &parts[1]);
  if (status == EAGER_OK) status = eager_concat(parts, 2, 0, out);
  eager_tensor_release(parts[0]);
  eager_tensor_release(parts[1]);
  return status;
}

static eager_status convolve(const load_world *w, eager_tensor *a, eager_tensor *b,
                             int64_t n, eager_tensor **out) {
  (void)b;
  (void)n;
  const int64_t image[] = {1, LOAD_SIDE, LOAD_SIDE, 1};
  const eager_conv2d_options options = {.padding = EAGER_PADDING_SAME};
  eager_tensor *pixels, *result;
  eager_status status = eager_reshape(a, 4, image, &pixels);
  if (status != EAGER_OK) return status;
  status = then(eager_conv2d(pixels, w->filter, &options, &result), pixels);
  return status == EAGER_OK ? then(eager_reshape(result, 2, square, out), result) : status;
}

static eager_status norm(const load_world *w, eager_tensor *a, eager_tensor *b, int64_t n,
                         eager_tensor **out) {
  (void)b;
  (void)n;
  return eager_rms_norm(a, w->gamma, 1, 1e-3, out, NULL);
}

static eager_status choose(const load_world *w, eager_tensor *a, eager_tensor *b, int64_t n,
                           eager_tensor **out) {
  (void)w;
  (void)n;
  eager_tensor *less;
  eager_status status = eager_less(a, b, &less);
  return status == EAGER_OK ? then(eager_where(less, b, a, out), less) : status;
}

static eager_status sort(const load_world *w, eager_tensor *a, eager_tensor *b, int64_t n,
                         eager_tensor **out) {
  (void)w;
  (void)b;
  return eager_sort(a, -1 - (n & 1), n & 2 ? "DESCENDING" : NULL, out);
}

static eager_status running_mean(const load_world *w, eager_tensor *a, eager_tensor *b,
                                 int64_t n, eager_tensor **out) {
  (void)w;
  (void)b;
  eager_tensor *sums;
  eager_status status = eager_cumsum(a, n & 1, n & 2, n & 4, &sums);
  return status == EAGER_OK ? then(eager_tanh(sums, out), sums) : status;
}

static eager_status through_float16(const load_world *w, eager_tensor *a, eager_tensor *b,
                                    int64_t n, eager_tensor **out) {
  (void)w;
  (void)b;
  eager_tensor *narrow;
  eager_status status = eager_cast(a, n & 1 ? EAGER_FLOAT16 : EAGER_BFLOAT16, &narrow);
  return status == EAGER_OK ? then(eager_cast(narrow, EAGER_FLOAT32, out), narrow) : status;
}

static eager_status noise(const load_world *w, eager_tensor *a, eager_tensor *b, int64_t n,
                          eager_tensor **out) {
  (void)w;
  (void)b;
  return eager_dropout(a, 0.25, (int64_t[]){n, 3}, NULL, out);
}

/* Sizes that depend on data: the call waits. */
static eager_status count_positive(const load_world *w, eager_tensor *a, eager_tensor *b,
                                   int64_t n, eager_tensor **out) {
  (void)n;
  eager_tensor *positive, *where, *count;
  eager_status status = eager_greater(a, w->one, &positive);
  if (status != EAGER_OK) return status;
  status = then(eager_where_indices(positive, &where), positive);
  if (status != EAGER_OK) return status;
  float share = (float)eager_tensor_dim(where, 0) / ELEMENTS;
  eager_tensor_release(where);
  status = eager_scalar_float32(share, &count);
  return status == EAGER_OK ? then(eager_multiply(b, count, out), count) : status;
}

static pthread_mutex_t op_lock = PTHREAD_MUTEX_INITIALIZER;

/* One op handle for all threads, one at a time. */
static eager_status by_name(const load_world *w, eager_tensor *a, eager_tensor *b,
                            int64_t n, eager_tensor **out) {
  (void)n;
  int count = 1;
  eager_tensor *sum = NULL;
  pthread_mutex_lock(&op_lock);
  eager_status status = eager_op_add_input(w->shared_op, a);
  if (status == EAGER_OK) status = eager_op_add_input(w->shared_op, b);
  if (status == EAGER_OK) status = eager_op_execute(w->shared_op, &sum, &count);
  if (status != EAGER_OK) (void)!eager_op_reset(w->shared_op);
  pthread_mutex_unlock(&op_lock);
  return status == EAGER_OK ? then(eager_sin(sum, out), sum) : status;
}

static eager_status upload(const load_world *w, eager_tensor *a, eager_tensor *b, int64_t n,
                           eager_tensor **out) {
  (void)w;
  (void)a;
  (void)b;
  float values[ELEMENTS];
  for (int i = 0; i < ELEMENTS; i++) values[i] = (float)((n + i) % 17) / 17 - 0.5f;
  return eager_tensor_from_host(EAGER_FLOAT32, 2, square, values, out);
}

static eager_status copy_over(const load_world *w, eager_tensor *a, eager_tensor *b,
                              int64_t n, eager_tensor **out) {
  (void)b;
  return eager_tensor_copy_to_device(a, w->devices[n % w->device_count], out);
}

/* Weights that are read often enough to be laid out: a quarter of a megabyte each. */
static eager_status through_weights(const load_world *w, eager_tensor *a, eager_tensor *b,
                                    int64_t n, eager_tensor **out) {
  (void)b;
  (void)n;
  eager_tensor *hidden, *narrow;
  eager_status status = eager_matmul(a, false, w->wide, false, &hidden);
  if (status != EAGER_OK) return status;
  status = then(eager_matmul(hidden, false, w->tall, false, &narrow), hidden);
  return status == EAGER_OK ? then(eager_softsign(narrow, out), narrow) : status;
}

/* What a step computes, and which inputs its result depends on: a poisoned one poisons it.
 */
static const struct {
  op_fn run;
  bool uses_a, uses_b;
} ops[] = {
    {tanh_of_sum, true, true},    {add_scalar, true, false},
    {product, true, true},        {softmax, true, false},
    {centred, true, true},        {maximum_of_max, true, true},
    {gather, true, false},        {transpose, true, false},
    {cut_and_join, true, true},   {convolve, true, false},
    {norm, true, false},          {choose, true, true},
    {sort, true, false},          {by_name, true, true},
    {running_mean, true, false},  {through_weights, true, false},
    {noise, true, false},         {through_float16, true, false},
    {upload, false, false},       {copy_over, true, false},
    {count_positive, true, true}, {gather_badly, true, false},
};
enum { OPS = sizeof ops / sizeof *ops, BAD = OPS - 1 };

/* --- Steps --- */

void load_release(load_slot *slot) {
  eager_tensor_release(slot->tensor);
  *slot = (load_slot){0};
}

/* What never fails, or fails in ways that are told elsewhere. */
static void bustle(const load_world *w, load_actor *actor, const load_slot *slot) {
  uint64_t nanoseconds;
  switch (draw(actor, 16)) {
  case 0:
    if (slot->tensor) actor->counts.polls += eager_tensor_poll(slot->tensor) < 3;
    break;
  case 1:
    actor->counts.waits++;
    nanoseconds = draw(actor, 100000);
    if (slot->tensor) (void)!eager_tensor_wait_for(slot->tensor, nanoseconds);
    break;
  case 2:
    actor->counts.synchronized++;
    (void)!eager_synchronize(w->devices[draw(actor, (uint64_t)w->device_count)]);
    break;
  case 3:
    if (draw(actor, 4) == 0)
      (void)!eager_trim_memory(w->devices[draw(actor, (uint64_t)w->device_count)]);
    break;
  case 4: {
    eager_memory_info info;
    eager_copy_stats stats;
    (void)!eager_get_memory_info(NULL, &info);
    (void)!eager_get_copy_stats(&stats);
    break;
  }
  case 5:
    actor->policy = (eager_device_policy)draw(actor, 8);
    if (actor->policy > EAGER_DEVICE_PLACEMENT_SILENT_FOR_INT32)
      actor->policy = EAGER_DEVICE_PLACEMENT_SILENT;
    break;
  case 6:
  case 7:
    actor->mode = draw(actor, 3) ? EAGER_ASYNC : EAGER_SYNC;
    break;
  default:
    break;
  }
}

/* Whether the step may answer so: a poisoned input, a bad index, or the policy. */
static bool is_expected(eager_status status) {
  const char *text = eager_error_message();
  return status == EAGER_INVALID_ARGUMENT &&
         (strstr(text, "Tensors on conflicting devices") || strstr(text, "indices"));
}

const char *load_step(const load_world *w, load_actor *actor, const load_slot *pool,
                      int count, load_slot *out) {
  const load_slot *a = &pool[draw(actor, (uint64_t)count)];
  const load_slot *b = &pool[draw(actor, (uint64_t)count)];
  if (draw(actor, 3)) a = &w->bases[draw(actor, LOAD_BASES)];
  const char *device = w->devices[draw(actor, (uint64_t)w->device_count)];
  uint64_t which = draw(actor, OPS);
  if (which == BAD && draw(actor, 3)) which = 0;
  int64_t n = (int64_t)draw(actor, 1000);
  bustle(w, actor, a);
  actor->counts.steps++;
  *out = (load_slot){0};
  eager_status status =
      eager_set_thread_execution_mode(actor->is_serial ? EAGER_SYNC : actor->mode);
  if (status == EAGER_OK) status = eager_set_thread_device_policy(actor->policy);
  if (status == EAGER_OK) status = eager_push_device(device);
  if (status != EAGER_OK) return test_failure(status);
  if (ops[which].uses_a) out->dead = a->dead;
  if (ops[which].uses_b && out->dead == EAGER_OK) out->dead = b->dead;
  if (out->dead == EAGER_OK) {
    out->dead = ops[which].run(w, a->tensor, b->tensor, n, &out->tensor);
    if (out->dead != EAGER_OK) {
      if (!is_expected(out->dead)) status = out->dead;
      actor->counts.refused++;
    }
  }
  const char *failure = test_failure(status);
  if (failure == NULL) failure = test_failure(eager_pop_device());
  if (failure == NULL && draw(actor, 4) == 0) failure = load_read(actor, out);
  return failure;
}

static void mix(load_actor *actor, const void *bytes, size_t size) {
  const unsigned char *p = bytes;
  for (size_t i = 0; i < size; i++)
    actor->digest = (actor->digest ^ p[i]) * UINT64_C(1099511628211);
}

const char *load_read(load_actor *actor, const load_slot *slot) {
  float values[ELEMENTS];
  eager_status status = slot->dead;
  actor->counts.reads++;
  if (slot->tensor) status = eager_tensor_to_host(slot->tensor, values, sizeof values);
  if (status == EAGER_OK) {
    mix(actor, values, sizeof values);
    return NULL;
  }
  actor->counts.poisoned++;
  mix(actor, &status, sizeof status);
  return slot->tensor && !is_expected(status) ? test_failure(status) : NULL;
}

void load_add_counts(load_counts *sum, const load_counts *more) {
  sum->steps += more->steps;
  sum->reads += more->reads;
  sum->refused += more->refused;
  sum->poisoned += more->poisoned;
  sum->polls += more->polls;
  sum->waits += more->waits;
  sum->synchronized += more->synchronized;
}
