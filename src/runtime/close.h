/* The end of a runtime. */
#ifndef EAGER_RUNTIME_CLOSE_H
#define EAGER_RUNTIME_CLOSE_H

#include "runtime/runtime.h"

/* After a drain, and when no call can reach it any more: gives back all that drivers hold.
 * No lock is held: users' free_fns run in it. What names devices stays. */
void eager__runtime_close(eager__runtime *runtime);

#endif
