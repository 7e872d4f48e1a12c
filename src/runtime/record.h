/* Recording instead of running: the hook by which a floor above makes graphs of ops. */
#ifndef EAGER_RUNTIME_RECORD_H
#define EAGER_RUNTIME_RECORD_H

#include "runtime/op_record.h"
#include "runtime/runtime.h"

/* Where the ops of a thread go while it records. */
typedef struct eager__recorder eager__recorder;
struct eager__recorder {
  /* An op whose inputs and attributes were checked and whose outputs were inferred.
   * `device` is the name it was asked for, or NULL. Fills `outputs`, all or none. */
  eager_status (*add_op)(eager__recorder *recorder, const eager__call *call,
                         const char *device, eager_tensor **outputs);
  /* A value from the host; `data` is copied. */
  eager_status (*add_value)(eager__recorder *recorder, eager_dtype dtype,
                            const eager__shape *shape, const void *data,
                            eager_tensor **out);
  /* Its scope is over. */
  void (*end)(eager__recorder *recorder);
};

/* The path of a recorded op: check, infer, and then a node in place of a place. An op that
 * is made of others becomes those where it knows its inputs' extents, which the others are
 * computed from; else it is a node of its own, and made of them when it runs. */
eager_status eager__record(eager__recorder *recorder, eager__call *call, const char *device,
                           eager_tensor **outputs, int output_count);

/* --- Scopes of this thread, in scope.c --- */

/* The innermost scope's; NULL: ops run. */
eager__recorder *eager__scope_recorder(void);
eager_status eager__scope_push_recorder(eager__recorder *recorder);
/* Ends the innermost; FAILED_PRECONDITION when none is open. */
eager_status eager__scope_pop_recorder(void);
size_t eager__scope_recorder_depth(void);

/* While a function's body runs, what was open before stays open: of graph, name and device
 * scopes it can end only its own, and tidy scopes of before do not count, so that what it
 * makes is nobody's but its. Raising gives what lowering is handed. */
typedef struct eager__scope_floor {
  size_t recorders, devices, tidies, names;
} eager__scope_floor;
eager__scope_floor eager__scope_raise_floor(void);
/* "tidy scopes" that were opened since and not ended, or NULL; lowering ends them. */
const char *eager__scope_left_open(void);
void eager__scope_lower_floor(eager__scope_floor before);

/* Between the two this thread runs a graph: its device, recording and tidy scopes of before
 * do not count, and its ops run although eager execution may not be enabled. The end is
 * handed what the beginning gave. */
size_t eager__scope_begin_session(void);
void eager__scope_end_session(size_t before);
bool eager__scope_in_session(void);

/* The short name of the device whose scope this thread has open, or NULL. */
const char *eager__scope_device_name(void);

#endif
