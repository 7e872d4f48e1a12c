#include "base/sync.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <time.h>

#ifndef NDEBUG

/* The locks this thread holds, in the order of taking them. A recursive lock stands once
 * per taking. */
enum { HELD_MAX = 64 };
static _Thread_local const eager__mutex *held[HELD_MAX];
static _Thread_local int held_count;

static bool is_held(const eager__mutex *mutex) {
  for (int i = 0; i < held_count; i++)
    if (held[i] == mutex) return true;
  return false;
}

static bool is_in_order(const eager__mutex *mutex) {
  if (is_held(mutex)) return mutex->recursive;
  for (int i = 0; i < held_count; i++)
    if (held[i]->rank >= mutex->rank) return false;
  return true;
}

static void check_order(const eager__mutex *mutex) {
  assert(is_in_order(mutex));
}

static void check_held(const eager__mutex *mutex) {
  assert(is_held(mutex));
}

static void note_lock(const eager__mutex *mutex) {
  assert(held_count < HELD_MAX);
  held[held_count++] = mutex;
}

static void note_unlock(const eager__mutex *mutex) {
  check_held(mutex);
  int i = held_count - 1;
  while (held[i] != mutex) i--;
  held_count--;
  for (; i < held_count; i++) held[i] = held[i + 1];
}

void eager__mutex_lock(eager__mutex *mutex) {
  check_order(mutex);
  pthread_mutex_lock(&mutex->mutex);
  note_lock(mutex);
}

void eager__mutex_unlock(eager__mutex *mutex) {
  note_unlock(mutex);
  pthread_mutex_unlock(&mutex->mutex);
}

#else

static void check_held(const eager__mutex *mutex) {
  (void)mutex;
}
static void note_lock(const eager__mutex *mutex) {
  (void)mutex;
}

#endif

static void init(eager__mutex *mutex, eager__rank rank, bool recursive) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_settype(&attributes,
                            recursive ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_DEFAULT);
  pthread_mutex_init(&mutex->mutex, &attributes);
  pthread_mutexattr_destroy(&attributes);
  mutex->rank = rank;
  mutex->recursive = recursive;
}

void eager__mutex_init(eager__mutex *mutex, eager__rank rank) {
  init(mutex, rank, false);
}

void eager__mutex_init_recursive(eager__mutex *mutex, eager__rank rank) {
  init(mutex, rank, true);
}

void eager__mutex_destroy(eager__mutex *mutex) {
  pthread_mutex_destroy(&mutex->mutex);
}

bool eager__mutex_try_lock(eager__mutex *mutex) {
  if (pthread_mutex_trylock(&mutex->mutex) != 0) return false;
  note_lock(mutex);
  return true;
}

static const uint64_t second = 1000000000;

static struct timespec to_timespec(uint64_t nanoseconds) {
  return (struct timespec){.tv_sec = (time_t)(nanoseconds / second),
                           .tv_nsec = (long)(nanoseconds % second)};
}

static struct timespec deadline_after(uint64_t nanoseconds) {
  uint64_t now = eager__now();
  return to_timespec(nanoseconds < UINT64_MAX - now ? now + nanoseconds : UINT64_MAX);
}

void eager__cond_init(eager__cond *cond) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&cond->cond, &attributes);
  pthread_condattr_destroy(&attributes);
}

void eager__cond_destroy(eager__cond *cond) {
  pthread_cond_destroy(&cond->cond);
}

void eager__cond_wait(eager__cond *cond, eager__mutex *mutex) {
  check_held(mutex);
  pthread_cond_wait(&cond->cond, &mutex->mutex);
}

bool eager__cond_wait_for(eager__cond *cond, eager__mutex *mutex, uint64_t nanoseconds) {
  check_held(mutex);
  struct timespec deadline = deadline_after(nanoseconds);
  return pthread_cond_timedwait(&cond->cond, &mutex->mutex, &deadline) != ETIMEDOUT;
}

void eager__cond_broadcast(eager__cond *cond) {
  pthread_cond_broadcast(&cond->cond);
}

uint64_t eager__now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * second + (uint64_t)now.tv_nsec;
}

void eager__sleep(uint64_t nanoseconds) {
  struct timespec deadline = deadline_after(nanoseconds);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL) == EINTR)
    continue;
}
