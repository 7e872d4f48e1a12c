#include "runtime/scope.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/small.h"
#include "eagercl/tensor.h"
#include "runtime/capability.h"
#include "runtime/name_scope.h"
#include "runtime/record.h"
#include "runtime/transfer.h"

typedef struct tidy_scope {
  size_t begin; /* of its tensors in the thread's list */
} tidy_scope;

typedef struct device_scope {
  eager__device *device;        /* NULL: named before there was a runtime, as */
  char name[EAGER__SHORT_NAME]; /* "": the default device */
} device_scope;

typedef struct thread_state {
  device_scope *devices;
  size_t device_count, device_capacity;
  bool has_policy, has_mode;
  eager_device_policy policy;
  eager_execution_mode mode;
  eager_tensor **kept; /* the tensors of all tidy scopes, outer first; NULL: kept out */
  size_t kept_count, kept_capacity;
  tidy_scope *tidies;
  size_t tidy_count, tidy_capacity;
  eager__recorder **recorders;
  size_t recorder_count, recorder_capacity;
  int sessions;            /* under way */
  size_t recorders_before; /* the session began: they do not count */
  eager__scope_floor floor;
  eager__thread_work *work;
} thread_state;

static _Thread_local thread_state state;

/* --- The end of a thread --- */

static pthread_key_t thread_key;
static pthread_once_t thread_key_once = PTHREAD_ONCE_INIT;

static void release_kept(size_t from) {
  while (state.kept_count > from) {
    eager_tensor *t = state.kept[--state.kept_count];
    if (!t) continue;
    t->scoped = false;
    eager_tensor_release(t);
  }
}

static void drop_thread(void *unused) {
  (void)unused;
  state.floor = (eager__scope_floor){0}; /* a body may end its thread */
  release_kept(0);
  while (state.recorder_count) (void)eager__scope_pop_recorder();
  eager__name_scope_drop();
  eager__free(state.recorders);
  eager__free(state.kept);
  eager__free(state.tidies);
  eager__free(state.devices);
  eager__thread_work_release(state.work);
  memset(&state, 0, sizeof state);
}

static void make_key(void) {
  pthread_key_create(&thread_key, drop_thread);
}

/* The main thread ends without its destructors: exit handlers run instead. */
static void drop_main(void) {
  drop_thread(NULL);
  eager__small_trim();
}
static pthread_once_t main_once = PTHREAD_ONCE_INIT;
static void at_exit(void) {
  atexit(drop_main);
}

void eager__scope_own_thread(void) {
  pthread_once(&thread_key_once, make_key);
  pthread_once(&main_once, at_exit);
  pthread_setspecific(thread_key, &state);
}

/* --- Devices, policy, mode --- */

/* The innermost device scope, or NULL. */
static device_scope *device_scope_here(void) {
  return state.device_count ? &state.devices[state.device_count - 1] : NULL;
}

eager_status eager__scope_device(eager__runtime *runtime, eager__device **out) {
  device_scope *here = device_scope_here();
  *out = runtime->default_device;
  if (!here || state.sessions) return EAGER_OK;
  if (!here->device) {
    const char *name = here->name[0] ? here->name : NULL;
    EAGER__TRY(eager__runtime_device_or_default(runtime, name, &here->device));
  }
  *out = here->device;
  return EAGER_OK;
}

eager_status eager__scope_open(eager__runtime *runtime, const char *name,
                               eager__device **out) {
  if (name)
    EAGER__TRY(eager__runtime_find_device(runtime, name, out));
  else
    EAGER__TRY(eager__scope_device(runtime, out));
  return eager__runtime_open_device(runtime, *out);
}

eager_device_policy eager__scope_policy(eager__runtime *runtime) {
  return state.has_policy ? state.policy : runtime->options.policy;
}

eager_execution_mode eager__scope_mode(eager__runtime *runtime) {
  return state.has_mode ? state.mode : runtime->options.mode;
}

static bool has_tidies(void) {
  return state.tidy_count > state.floor.tidies;
}

static bool has_tidy(void) {
  return has_tidies() && !state.sessions;
}

/* Ops that are not a session's run only where execution was enabled before any scope. */
eager__scope eager__scope_look(eager__runtime *runtime) {
  const device_scope *here = state.sessions ? NULL : device_scope_here();
  assert(!here || here->device);
  return (eager__scope){here ? here->device : runtime->default_device,
                        eager__scope_mode(runtime), has_tidy()};
}

const char *eager__scope_device_name(void) {
  const device_scope *here = state.sessions ? NULL : device_scope_here();
  if (!here) return NULL;
  if (here->device) return here->device->short_name;
  return here->name[0] ? here->name : NULL;
}

eager_status eager_push_device(const char *name) {
  eager__runtime *runtime;
  device_scope scope = {0};
  EAGER__TRY(eager__runtime_require_scope(&runtime));
  if (runtime)
    EAGER__TRY(eager__runtime_place(runtime, name, NULL, &scope.device));
  else if (name)
    EAGER__TRY(eager__foresee_device(name, scope.name));
  EAGER__TRY(eager__reserve(&state.devices, &state.device_capacity, state.device_count + 1,
                            sizeof *state.devices));
  eager__scope_own_thread();
  state.devices[state.device_count++] = scope;
  return EAGER_OK;
}

/* There may be one, but it was not opened in the function's body that this thread is in. */
static eager_status refuse_end(const char *text, size_t open) {
  EAGER__FAIL(EAGER_FAILED_PRECONDITION, "%s this %s", text,
              open ? "function's body" : "thread");
}

eager_status eager_pop_device(void) {
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_scope(&runtime));
  if (state.device_count == state.floor.devices)
    return refuse_end("eager_pop_device: no device scope is open in", state.device_count);
  state.device_count--;
  return EAGER_OK;
}

eager_status eager_set_thread_device_policy(eager_device_policy policy) {
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_any(&runtime));
  EAGER__REQUIRE(policy >= EAGER_DEVICE_PLACEMENT_AUTO &&
                     policy <= EAGER_DEVICE_PLACEMENT_SILENT_FOR_INT32,
                 EAGER_INVALID_ARGUMENT,
                 "device_policy must be one of EAGER_DEVICE_PLACEMENT_*, got %d",
                 (int)policy);
  state.has_policy = policy != EAGER_DEVICE_PLACEMENT_AUTO;
  state.policy = policy;
  return EAGER_OK;
}

eager_device_policy eager_get_device_policy(void) {
  eager__runtime *runtime = eager__runtime_get();
  bool has_one = runtime && (state.has_policy || eager__runtime_is_enabled());
  return has_one ? eager__scope_policy(runtime) : EAGER_DEVICE_PLACEMENT_AUTO;
}

eager_status eager_set_thread_execution_mode(eager_execution_mode mode) {
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_any(&runtime));
  EAGER__REQUIRE(mode >= EAGER_EXECUTION_AUTO && mode <= EAGER_ASYNC,
                 EAGER_INVALID_ARGUMENT,
                 "execution_mode must be one of EAGER_EXECUTION_AUTO, EAGER_SYNC, "
                 "EAGER_ASYNC, got %d",
                 (int)mode);
  eager_execution_mode before = eager__scope_mode(runtime);
  state.has_mode = mode != EAGER_EXECUTION_AUTO;
  state.mode = mode;
  if (before == EAGER_ASYNC && eager__scope_mode(runtime) == EAGER_SYNC && state.work)
    eager__wait_thread_work(runtime, state.work);
  return EAGER_OK;
}

eager_execution_mode eager_get_execution_mode(void) {
  eager__runtime *runtime = eager__runtime_get();
  bool has_one = runtime && (state.has_mode || eager__runtime_is_enabled());
  return has_one ? eager__scope_mode(runtime) : EAGER_EXECUTION_AUTO;
}

/* --- Recording, and running what was recorded --- */

eager__recorder *eager__scope_recorder(void) {
  if (state.recorder_count == state.recorders_before) return NULL;
  return state.recorders[state.recorder_count - 1];
}

eager_status eager__scope_push_recorder(eager__recorder *recorder) {
  EAGER__TRY(eager__reserve(&state.recorders, &state.recorder_capacity,
                            state.recorder_count + 1, sizeof *state.recorders));
  eager__scope_own_thread();
  state.recorders[state.recorder_count++] = recorder;
  return EAGER_OK;
}

eager_status eager__scope_pop_recorder(void) {
  if (state.recorder_count == state.floor.recorders)
    return refuse_end("eager_graph_end: no graph scope is open in", state.recorder_count);
  eager__name_scope_close_depth(state.recorder_count);
  eager__recorder *last = state.recorders[--state.recorder_count];
  last->end(last);
  return EAGER_OK;
}

size_t eager__scope_recorder_depth(void) {
  return state.recorder_count;
}

size_t eager__scope_begin_session(void) {
  size_t before = state.recorders_before;
  state.sessions++;
  state.recorders_before = state.recorder_count;
  return before;
}

void eager__scope_end_session(size_t before) {
  state.sessions--;
  state.recorders_before = before;
}

bool eager__scope_in_session(void) {
  return state.sessions > 0;
}

/* --- ASYNC work of this thread --- */

eager__thread_work *eager__scope_work(eager__runtime *runtime) {
  if (state.work) return state.work;
  size_t size = sizeof *state.work +
                2 * (size_t)runtime->device_count * sizeof state.work->last_seq[0];
  eager__thread_work *work = eager__alloc(size);
  if (!work) {
    eager__out_of_memory(size);
    return NULL;
  }
  atomic_init(&work->refs, 1);
  work->device_count = runtime->device_count;
  eager__scope_own_thread();
  return state.work = work;
}

eager__thread_work *eager__thread_work_retain(eager__thread_work *work) {
  if (work) atomic_fetch_add_explicit(&work->refs, 1, memory_order_relaxed);
  return work;
}

void eager__thread_work_release(eager__thread_work *work) {
  if (!work) return;
  if (atomic_fetch_sub_explicit(&work->refs, 1, memory_order_acq_rel) == 1)
    eager__free(work);
}

void eager__thread_work_submitted(eager__thread_work *work, int device, bool by_worker,
                                  uint64_t seq) {
  _Atomic uint64_t *last =
      &work->last_seq[by_worker ? work->device_count + device : device];
  if (atomic_load_explicit(last, memory_order_relaxed) < seq)
    atomic_store_explicit(last, seq, memory_order_release);
}

/* --- Tidy scopes --- */

eager_status eager_tidy_begin(void) {
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_scope(&runtime));
  EAGER__TRY(eager__reserve(&state.tidies, &state.tidy_capacity, state.tidy_count + 1,
                            sizeof *state.tidies));
  eager__scope_own_thread();
  state.tidies[state.tidy_count++] = (tidy_scope){state.kept_count};
  return EAGER_OK;
}

eager_status eager_tidy_end(void) {
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_scope(&runtime));
  EAGER__REQUIRE(has_tidies(), EAGER_FAILED_PRECONDITION,
                 "eager_tidy_end: no tidy scope is open in this thread");
  release_kept(state.tidies[--state.tidy_count].begin);
  return EAGER_OK;
}

eager_status eager_tidy_keep(eager_tensor *t) {
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_scope(&runtime));
  EAGER__REQUIRE(t, EAGER_INVALID_ARGUMENT, "eager_tidy_keep: the tensor is NULL");
  if (!eager__tensor_is_live(t))
    return eager__handle_refuse(t, "eager_tidy_keep: the tensor");
  for (size_t i = state.kept_count; i-- > 0;) {
    if (state.kept[i] != t) continue;
    state.kept[i] = NULL;
    t->scoped = false;
    return EAGER_OK;
  }
  EAGER__FAIL(EAGER_FAILED_PRECONDITION,
              "eager_tidy_keep: no open tidy scope of this thread owns the tensor");
}

eager_status eager__scope_reserve(int count) {
  if (!has_tidy()) return EAGER_OK;
  return eager__reserve(&state.kept, &state.kept_capacity, state.kept_count + (size_t)count,
                        sizeof *state.kept);
}

void eager__scope_give(eager_tensor *t) {
  if (!has_tidy()) return;
  t->scoped = true;
  state.kept[state.kept_count++] = t;
}

/* --- Bodies of functions --- */

eager__scope_floor eager__scope_raise_floor(void) {
  eager__scope_floor before = state.floor;
  state.floor = (eager__scope_floor){state.recorder_count, state.device_count,
                                     state.tidy_count, eager__name_scope_raise_floor()};
  return before;
}

const char *eager__scope_left_open(void) {
  if (state.recorder_count > state.floor.recorders) return "graph scopes";
  if (eager__name_scope_is_above_floor()) return "name scopes";
  if (state.device_count > state.floor.devices) return "device scopes";
  return has_tidies() ? "tidy scopes" : NULL;
}

void eager__scope_lower_floor(eager__scope_floor before) {
  if (has_tidies()) release_kept(state.tidies[state.floor.tidies].begin);
  while (state.recorder_count > state.floor.recorders) (void)eager__scope_pop_recorder();
  eager__name_scope_lower_floor(before.names);
  state.tidy_count = state.floor.tidies;
  state.device_count = state.floor.devices;
  state.floor = before;
}
