/* Assertions, threads, chance and the library's log. */
#include "errors.h"

#include <pthread.h>

static void wrong(const char *call, const char *file, int line, eager_status got,
                  const char *text) {
  print_error("%s\n  gave %s: %s\n", call, eager_status_name(got), text);
  _fail(file, line);
}

void test_assert_ok(eager_status got, const char *call, const char *file, int line) {
  if (got != EAGER_OK) wrong(call, file, line, got, eager_error_message());
}

void test_assert_fails(eager_status got, eager_status expected, const char *text, bool part,
                       const char *call, const char *file, int line) {
  if (got == EAGER_OK) wrong(call, file, line, got, "(no failure)");
  const char *told = eager_error_message();
  bool same = part ? strstr(told, text) != NULL : strcmp(told, text) == 0;
  if (got == expected && same) return;
  print_error("expected %s%s: %s\n", eager_status_name(expected), part ? " like" : "",
              text);
  wrong(call, file, line, got, told);
}

/* ---- Threads ---- */

enum { MAX_THREADS = 64, THREAD_TEXT = 512 };

typedef struct worker {
  int index;
  const char *(*run)(int i, void *argument);
  void *argument;
  bool failed;
  char text[THREAD_TEXT];
} worker;

static void *work(void *argument) {
  worker *w = argument;
  const char *text = w->run(w->index, w->argument);
  w->failed = text != NULL;
  if (w->failed) snprintf(w->text, sizeof w->text, "%s", text);
  return NULL;
}

void test_threads(int count, const char *(*run)(int i, void *argument), void *argument) {
  assert_in_range(count, 1, MAX_THREADS);
  worker *workers = test_alloc((size_t)count * sizeof *workers);
  pthread_t threads[MAX_THREADS];
  for (int i = 0; i < count; i++) {
    workers[i] = (worker){.index = i, .run = run, .argument = argument};
    assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
  }
  for (int i = 0; i < count; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
  bool failed = false;
  for (int i = 0; i < count; i++) {
    if (workers[i].failed) print_error("thread %d: %s\n", i, workers[i].text);
    failed = failed || workers[i].failed;
  }
  assert_false(failed);
}

const char *test_failure(eager_status status) {
  static _Thread_local char text[THREAD_TEXT];
  if (status == EAGER_OK) return NULL;
  snprintf(text, sizeof text, "%s: %s", eager_status_name(status), eager_error_message());
  return text;
}

/* ---- Chance: splitmix64 (Steele, Lea, Flood 2014) ---- */

static struct {
  uint64_t seed, state;
  unsigned long asked, taken;
} chance;

static uint64_t mixed(uint64_t x) {
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  return x ^ x >> 31;
}

uint64_t test_seed(void) {
  const char *text = getenv("EAGERCL_TEST_SEED");
  return text != NULL && *text != '\0' ? strtoull(text, NULL, 0) : 20240607;
}

/* What test_wants was asked for last, and whether a case of that has been taken. */
enum { WANTED = 65536 };
static struct {
  uint32_t now;
  bool taken[WANTED];
} wanted;

static void note_wanted(const char *op, eager_dtype dtype) {
  uint32_t hash = 2166136261u ^ (uint32_t)dtype;
  for (const char *c = op != NULL ? op : ""; *c; c++)
    hash = (hash ^ (unsigned char)*c) * 16777619u;
  wanted.now = (hash ^ hash >> 13) % WANTED;
}

void test_chance_begin(const char *test_name) {
  chance.seed = test_seed();
  chance.state = mixed(chance.seed);
  for (const char *c = test_name; *c; c++)
    chance.state = mixed(chance.state + (unsigned char)*c);
  chance.asked = chance.taken = 0;
  memset(wanted.taken, 0, sizeof wanted.taken);
}

void test_chance_end(void) {
  if (chance.asked > 0)
    print_message("sampled %lu of %lu cases (EAGERCL_TEST_SEED=%llu)\n", chance.taken,
                  chance.asked, (unsigned long long)chance.seed);
}

uint64_t test_random(void) {
  chance.state += UINT64_C(0x9e3779b97f4a7c15);
  return mixed(chance.state);
}

double test_random_double(double low, double high) {
  return low + (high - low) * (double)(test_random() >> 11) * 0x1p-53;
}

int64_t test_random_int(int64_t low, int64_t high) {
  uint64_t span = (uint64_t)high - (uint64_t)low + 1;
  uint64_t offset = span == 0 ? test_random() : test_random() % span;
  return (int64_t)((uint64_t)low + offset);
}

/* The first case of each, which some runs take beside their sample. */
static bool is_first_wanted(const char *sample) {
  if (sample == NULL) return false;
  bool first = !wanted.taken[wanted.now];
  wanted.taken[wanted.now] = true;
  return first;
}

bool test_sampled(uint64_t index) {
  const char *full = getenv("EAGERCL_TEST_FULL"), *sample = getenv("EAGERCL_TEST_SAMPLE");
  bool few = test_is_slow() || (sample != NULL && strcmp(sample, "few") == 0);
  uint64_t one_in = few ? 16 : 4;
  bool taken = (full != NULL && strcmp(full, "1") == 0) || is_first_wanted(sample);
  uint64_t step = UINT64_C(0x9e3779b97f4a7c15);
  if (!taken) taken = mixed(chance.seed + (index + 1) * step) % one_in == 0;
  chance.asked++;
  chance.taken += taken;
  return taken;
}

/* ---- What this run asks for ---- */

/* Whether `list` has "op:dtype"; of an op not known any that has its dtype. */
static bool is_avoided(const char *list, const char *op, eager_dtype dtype) {
  const char *name = dtype != 0 ? eager_dtype_name(dtype) : "";
  while (list != NULL && *list != '\0') {
    const char *colon = strchr(list, ':');
    if (colon == NULL) return false;
    size_t size = strcspn(colon + 1, ",");
    bool same_dtype = strlen(name) == size && strncmp(colon + 1, name, size) == 0;
    bool same_op = op == NULL || (strlen(op) == (size_t)(colon - list) &&
                                  strncmp(list, op, strlen(op)) == 0);
    if (same_dtype && same_op) return true;
    list = colon + 1 + size;
    if (*list == ',') list++;
  }
  return false;
}

bool test_wants(const char *op, eager_dtype dtype) {
  note_wanted(op, dtype);
  const char *only = getenv("EAGERCL_TEST_OP"), *type = getenv("EAGERCL_TEST_DTYPE");
  if (only != NULL && op != NULL && strcmp(only, op) != 0) return false;
  if (type != NULL && dtype != 0 && strcmp(type, eager_dtype_name(dtype)) != 0)
    return false;
  return !is_avoided(getenv("EAGERCL_TEST_AVOID"), op, dtype);
}

bool test_wants_mode(eager_execution_mode mode) {
  const char *forced = getenv("EAGERCL_TEST_MODE");
  if (test_listens != NULL) test_listens->picks_mode();
  return forced == NULL || (strcmp(forced, "async") == 0) == (mode == EAGER_ASYNC);
}

void test_pick_mode(uint64_t index) {
  const char *forced = getenv("EAGERCL_TEST_MODE");
  bool async = mixed(chance.seed ^ (index + 1)) & 1;
  if (forced != NULL) async = strcmp(forced, "async") == 0;
  if (test_listens != NULL) test_listens->picks_mode();
  assert_ok(eager_set_thread_execution_mode(async ? EAGER_ASYNC : EAGER_SYNC));
}
