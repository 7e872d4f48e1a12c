#include "base/fork.h"

#include <pthread.h>
#include <stddef.h>

#include "base/status.h"

atomic_bool eager__fork_is_child;
static _Atomic(void (*)(void)) hook;

static void become_child(void) {
  atomic_store(&eager__fork_is_child, true);
  void (*in_child)(void) = atomic_load(&hook);
  if (in_child) in_child();
}

static void register_handler(void) {
  pthread_atfork(NULL, NULL, become_child);
}

void eager__fork_watch(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, register_handler);
}

void eager__fork_on_child(void (*in_child)(void)) {
  atomic_store(&hook, in_child);
}

eager_status eager__fork_refuse(void) {
  EAGER__FAIL(EAGER_FAILED_PRECONDITION,
              "this process was forked from one that uses OpenCL, which does not survive "
              "fork: call exec in the child, or fork before the first call");
}
