/* ctest: devices=pocl-pthread labels=threaded timeout=300 */
/* Threads that run one graph: by sessions they share, by sessions of their own and by a
 * function, with feeds of different shapes and values, in both modes; they record into it,
 * feed what it computes, hand what they got to each other, end sessions and trim memory
 * meanwhile. What comes out is known to the last bit.
 *
 *   EAGERCL_LOAD_SECONDS=600 build/tsan/tests/test_load_graphs    the long form */
#include <pthread.h>
#include <stdatomic.h>

#include "base/sync.h"
#include "test_values.h"

enum { THREADS = 4, SESSIONS = 2, BOXES = 4, COLUMNS = 8, MOST_ROWS = 64, NODES = 4 };

/* What the graph computes from x, float32 [?, 8]: */
typedef enum node {
  HIDDEN, /* relu(x + w), [?, 8] */
  SUMS,   /* of its rows, [?] */
  FAR,    /* twice those, on another device if there is one */
  PICKED  /* rows 0 and `row` of it: row outside fails */
} node;

typedef struct shared_session {
  pthread_rwlock_t lock; /* to run it: shared; to end it: alone */
  eager_session *session;
} shared_session;

/* A result that another thread looks at. */
typedef struct box {
  pthread_mutex_t lock;
  eager_tensor *tensor;
  node of;
  int rows, seed;
} box;

typedef struct world {
  eager_graph *graph;
  eager_function *function;
  eager_tensor *x, *row, *w, *out[NODES]; /* symbolic, but for w */
  float weights[COLUMNS];
  shared_session sessions[SESSIONS];
  box boxes[BOXES];
  uint64_t end;
  _Atomic long runs, failures, ended, recorded;
} world;

/* --- The values --- */

static float input_at(int seed, int i) {
  return (float)((i * 5 + seed) % 13 - 6);
}

static float hidden_at(const world *w, int seed, int i) {
  float v = input_at(seed, i) + w->weights[i % COLUMNS];
  return v > 0 ? v : 0;
}

static float sum_at(const world *w, int seed, int row) {
  float sum = 0;
  for (int i = 0; i < COLUMNS; i++) sum += hidden_at(w, seed, row * COLUMNS + i);
  return sum;
}

static const char *check(const world *w, eager_tensor *t, node of, int rows, int seed) {
  float got[MOST_ROWS * COLUMNS];
  int64_t count = of == HIDDEN ? rows * COLUMNS : of == PICKED ? 2 * COLUMNS : rows;
  if (eager_tensor_num_elements(t) != count) return "a result of another size";
  const char *wrong = test_failure(eager_tensor_to_host(t, got, (size_t)count * 4));
  for (int i = 0; i < count && wrong == NULL; i++) {
    int place = i < COLUMNS || of != PICKED ? i : (rows - 1) * COLUMNS + i % COLUMNS;
    float expected = of == HIDDEN || of == PICKED ? hidden_at(w, seed, place)
                     : of == SUMS                 ? sum_at(w, seed, i)
                                                  : 2 * sum_at(w, seed, i);
    if (got[i] != expected) wrong = "another value";
  }
  return wrong;
}

/* --- The graph --- */

static eager_status hidden_and_sums(eager_tensor *const *in, size_t in_count,
                                    eager_tensor **out, size_t out_count, void *user) {
  const int64_t axis[] = {1};
  eager_tensor *sum;
  (void)in_count, (void)out_count;
  EAGER__TRY(eager_add(in[0], ((world *)user)->w, &sum));
  eager_status status = eager_relu(sum, &out[HIDDEN]);
  eager_tensor_release(sum);
  if (status == EAGER_OK)
    status = eager_reduce_sum(out[HIDDEN], axis, 1, false, &out[SUMS]);
  return status;
}

static void record(world *w) {
  eager_tensor *zero, *rows;
  assert_ok(eager_graph_begin(w->graph));
  assert_ok(eager_placeholder(EAGER_FLOAT32, 2, (int64_t[]){-1, COLUMNS}, "x", &w->x));
  assert_ok(eager_placeholder(EAGER_INT32, 1, (int64_t[]){1}, "row", &w->row));
  assert_ok(hidden_and_sums(&w->x, 1, w->out, 2, w));
  assert_ok(eager_push_device(test_has_same_context() ? test_device_same_context()
                                                      : test_device()));
  assert_ok(eager_add(w->out[SUMS], w->out[SUMS], &w->out[FAR]));
  assert_ok(eager_pop_device());
  assert_ok(eager_tensor_from_host(EAGER_INT32, 1, (int64_t[]){1}, (int32_t[]){0}, &zero));
  assert_ok(eager_concat((eager_tensor *[]){zero, w->row}, 2, 0, &rows));
  assert_ok(eager_gather(w->out[HIDDEN], rows, 0, &w->out[PICKED]));
  assert_ok(eager_graph_end());
  eager_tensor_release(zero);
  eager_tensor_release(rows);
}

static world *make_world(void) {
  world *w = test_alloc(sizeof *w);
  *w = (world){0};
  for (int i = 0; i < COLUMNS; i++) w->weights[i] = (float)(i - 3);
  assert_ok(
      eager_tensor_from_host(EAGER_FLOAT32, 1, (int64_t[]){COLUMNS}, w->weights, &w->w));
  assert_ok(eager_graph_new(&w->graph));
  record(w);
  assert_ok(eager_function_new(hidden_and_sums, 2, w, &w->function));
  for (int i = 0; i < SESSIONS; i++) {
    assert_int_equal(pthread_rwlock_init(&w->sessions[i].lock, NULL), 0);
    assert_ok(eager_session_new(w->graph, NULL, &w->sessions[i].session));
  }
  for (int i = 0; i < BOXES; i++)
    assert_int_equal(pthread_mutex_init(&w->boxes[i].lock, NULL), 0);
  return w;
}

static void drop_world(world *w) {
  for (int i = 0; i < SESSIONS; i++) {
    eager_session_release(w->sessions[i].session);
    pthread_rwlock_destroy(&w->sessions[i].lock);
  }
  for (int i = 0; i < BOXES; i++) {
    eager_tensor_release(w->boxes[i].tensor);
    pthread_mutex_destroy(&w->boxes[i].lock);
  }
  eager_function_release(w->function);
  for (int i = 0; i < NODES; i++) eager_tensor_release(w->out[i]);
  eager_tensor_release(w->x);
  eager_tensor_release(w->row);
  eager_tensor_release(w->w);
  eager_graph_release(w->graph);
}

/* --- What a thread does --- */

typedef struct actor {
  world *w;
  uint64_t random;
  const char *wrong;
} actor;

static int draw(actor *a, int count) {
  uint64_t z = a->random += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  return (int)((z >> 33) % (uint64_t)count);
}

static bool fine(actor *a, eager_status status) {
  if (status != EAGER_OK && a->wrong == NULL) a->wrong = test_failure(status);
  return a->wrong == NULL;
}

static eager_tensor *make_input(actor *a, int rows, int seed) {
  float values[MOST_ROWS * COLUMNS];
  eager_tensor *x = NULL;
  for (int i = 0; i < rows * COLUMNS; i++) values[i] = input_at(seed, i);
  fine(a, eager_tensor_from_host(EAGER_FLOAT32, 2, (int64_t[]){rows, COLUMNS}, values, &x));
  return x;
}

/* Looks at it, or leaves it to whoever comes to that box next. */
static void hand_over(actor *a, eager_tensor *t, node of, int rows, int seed) {
  box *b = &a->w->boxes[draw(a, BOXES)];
  box mine = {.tensor = t, .of = of, .rows = rows, .seed = seed};
  if (draw(a, 2)) {
    pthread_mutex_lock(&b->lock);
    box other = *b;
    b->tensor = mine.tensor, b->of = mine.of, b->rows = mine.rows, b->seed = mine.seed;
    pthread_mutex_unlock(&b->lock);
    mine = other;
  }
  if (mine.tensor != NULL && a->wrong == NULL)
    a->wrong = check(a->w, mine.tensor, mine.of, mine.rows, mine.seed);
  eager_tensor_release(mine.tensor);
}

static void run(actor *a, eager_session *session, bool is_async) {
  static const int sizes[] = {1, 2, 17, MOST_ROWS};
  world *w = a->w;
  int rows = sizes[draw(a, 4)], seed = draw(a, 7),
      which[2] = {draw(a, NODES), draw(a, NODES)};
  bool fails = draw(a, 8) == 0;
  int32_t row = fails ? rows : rows - 1;
  eager_tensor *x = make_input(a, rows, seed), *index = NULL, *got[2] = {NULL};
  fine(a, eager_tensor_from_host(EAGER_INT32, 1, (int64_t[]){1}, &row, &index));
  if (a->wrong != NULL) return;
  eager_status status = eager_session_run(
      session, (eager_tensor *[]){w->row, w->x}, (eager_tensor *[]){index, x}, 2,
      (eager_tensor *[]){w->out[which[0]], w->out[which[1]]}, 2, got);
  w->runs++;
  eager_tensor_release(x); /* what runs needs them no more */
  eager_tensor_release(index);
  bool meets = fails && (which[0] == PICKED || which[1] == PICKED);
  if (meets && !is_async && status == EAGER_OK) a->wrong = "a row outside did not fail";
  if (!meets || is_async) fine(a, status);
  for (int i = 0; i < 2 && status == EAGER_OK; i++) {
    if (!fails || which[i] != PICKED) {
      hand_over(a, got[i], (node)which[i], rows, seed);
      continue;
    }
    if (eager_tensor_wait(got[i]) != EAGER_INVALID_ARGUMENT && a->wrong == NULL)
      a->wrong = "a row outside did not fail";
    w->failures++;
    eager_tensor_release(got[i]);
  }
}

static void run_shared(actor *a, bool is_async) {
  shared_session *s = &a->w->sessions[draw(a, SESSIONS)];
  pthread_rwlock_rdlock(&s->lock);
  for (int i = 0; i < 4 && a->wrong == NULL; i++) run(a, s->session, is_async);
  pthread_rwlock_unlock(&s->lock);
}

/* Results outlive it. */
static void end_shared(actor *a) {
  shared_session *s = &a->w->sessions[draw(a, SESSIONS)];
  pthread_rwlock_wrlock(&s->lock);
  eager_session_release(s->session);
  s->session = NULL;
  fine(a, eager_session_new(a->w->graph, NULL, &s->session));
  pthread_rwlock_unlock(&s->lock);
  a->w->ended++;
}

static void run_own(actor *a, bool is_async) {
  eager_session *own = NULL;
  if (!fine(a, eager_session_new(a->w->graph, NULL, &own))) return;
  for (int i = 0; i < 2 && a->wrong == NULL; i++) run(a, own, is_async);
  eager_session_release(own);
}

/* The sums of what is fed as the hidden layer, by a node recorded just now. */
static void record_and_run(actor *a) {
  world *w = a->w;
  int seed = draw(a, 7);
  eager_tensor *doubled = NULL, *got = NULL, *hidden = make_input(a, 3, seed);
  if (a->wrong != NULL || !fine(a, eager_graph_begin(w->graph))) return;
  eager_status status = eager_add(w->out[HIDDEN], w->out[HIDDEN], &doubled);
  fine(a, eager_graph_end());
  shared_session *s = &w->sessions[draw(a, SESSIONS)];
  pthread_rwlock_rdlock(&s->lock);
  if (fine(a, status))
    fine(a, eager_session_run(s->session, &w->out[HIDDEN], &hidden, 1, &doubled, 1, &got));
  pthread_rwlock_unlock(&s->lock);
  float values[3 * COLUMNS];
  if (a->wrong == NULL) fine(a, eager_tensor_to_host(got, values, sizeof values));
  for (int i = 0; i < 3 * COLUMNS && a->wrong == NULL; i++)
    if (values[i] != 2 * input_at(seed, i)) a->wrong = "another sum of what was fed";
  eager_tensor_release(got);
  eager_tensor_release(hidden);
  eager_tensor_release(doubled);
  w->recorded++;
}

static void call(actor *a) {
  int rows = 1 + draw(a, 5), seed = draw(a, 7);
  eager_tensor *x = make_input(a, rows, seed), *got[2] = {NULL};
  if (a->wrong != NULL || !fine(a, eager_function_call(a->w->function, &x, 1, got))) return;
  eager_tensor_release(x);
  hand_over(a, got[HIDDEN], HIDDEN, rows, seed);
  hand_over(a, got[SUMS], SUMS, rows, seed);
}

static const char *act(int i, void *argument) {
  actor a = {.w = argument, .random = (uint64_t)(i + 1) * 0x51ed2701u};
  enum { MOST_NODES = 2000 };
  while (a.wrong == NULL && eager__now() < a.w->end) {
    bool is_async = draw(&a, 2) != 0;
    fine(&a, eager_set_thread_execution_mode(is_async ? EAGER_ASYNC : EAGER_SYNC));
    switch (draw(&a, 12)) {
    case 0:
      end_shared(&a);
      break;
    case 1:
      run_own(&a, is_async);
      break;
    case 2:
      if (a.w->recorded < MOST_NODES) record_and_run(&a);
      break;
    case 3:
      fine(&a, eager_trim_memory(NULL));
      break;
    case 4:
    case 5:
      call(&a);
      break;
    default:
      run_shared(&a, is_async);
    }
  }
  (void)!eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO);
  return a.wrong;
}

/* --- All at once on a session that nobody has run: what its first run makes --- */

typedef struct meeting {
  world *w;
  eager_session *session;
  pthread_barrier_t barrier;
  int rounds;
  atomic_bool failed;
} meeting;

static const char *meet(int i, void *argument) {
  meeting *m = argument;
  actor a = {.w = m->w, .random = (uint64_t)(i + 1) * 0x2545f491u};
  for (int round = 0; round < m->rounds; round++) {
    if (i == 0 && !m->failed) {
      eager_session_release(m->session);
      m->session = NULL;
      fine(&a, eager_session_new(m->w->graph, NULL, &m->session));
      if (a.wrong != NULL) m->failed = true;
    }
    pthread_barrier_wait(&m->barrier);
    bool is_async = draw(&a, 2) != 0;
    fine(&a, eager_set_thread_execution_mode(is_async ? EAGER_ASYNC : EAGER_SYNC));
    for (int k = 0; k < 2 && a.wrong == NULL && !m->failed; k++)
      run(&a, m->session, is_async);
    if (a.wrong != NULL) m->failed = true;
    pthread_barrier_wait(&m->barrier);
  }
  (void)!eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO);
  return a.wrong;
}

static uint64_t in_use(void) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < eager_device_count(); i++) {
    const eager_device_info *info;
    eager_memory_info memory;
    assert_ok(eager_device_get(i, &info));
    assert_ok(eager_get_memory_info(info->name, &memory));
    bytes += memory.current;
  }
  return bytes;
}

static void threads_run_one_graph(void **state) {
  (void)state;
  const char *text = getenv("EAGERCL_LOAD_SECONDS");
  double seconds = text != NULL ? atof(text) : 0.5;
  test_time_limit((int)seconds + 200);
  test_enable();
  world *w = make_world();
  actor first = {.w = w}; /* builds the kernels, outside the time */
  for (int i = 0; i < 8 && first.wrong == NULL; i++)
    run(&first, w->sessions[0].session, false);
  w->end = eager__now() + (uint64_t)(seconds * 1e9);
  test_threads(THREADS, act, w);
  assert_true(eager_function_trace_count(w->function) <= 5);
  printf("  load: %d threads, %ld runs, %ld failed as they should, %ld sessions ended, %ld "
         "nodes recorded meanwhile, %zu traces, 0 different\n",
         THREADS, w->runs, w->failures, w->ended, w->recorded,
         eager_function_trace_count(w->function));
  assert_true(w->runs > 0);
  drop_world(w);
  (void)!eager_synchronize(NULL); /* the rows outside */
  assert_int_equal(in_use(), 0);
}

static void first_runs_meet(void **state) {
  (void)state;
  test_enable();
  meeting *m = test_alloc(sizeof *m);
  *m = (meeting){.w = make_world(), .rounds = 60};
  assert_int_equal(pthread_barrier_init(&m->barrier, NULL, THREADS), 0);
  test_threads(THREADS, meet, m);
  pthread_barrier_destroy(&m->barrier);
  eager_session_release(m->session);
  drop_world(m->w);
  (void)!eager_synchronize(NULL);
  assert_int_equal(in_use(), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(threads_run_one_graph),
                                     cmocka_unit_test(first_runs_meet)};
  return test_main("load/graphs", tests, sizeof tests / sizeof *tests);
}
